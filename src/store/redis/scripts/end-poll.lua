#!lua flags=allow-oom
-- Records the end of the last poll of a mailbox on this process. A cut poll starts no grace period if a poll on another
-- process has superseded it.
-- ARGV: owner (id, mailbox, generation); how the poll ended (answered, cut or other)
-- Returns `ok`
local id = ARGV[7]
local mailbox = ARGV[8]
local outcome = ARGV[10]

local member = findOwner(id, mailbox, '')
if member then
  local wasHeldHere = member.holder == PROCESS
  if wasHeldHere then member.holder, member.heldUntil = '', 0 end
  if outcome == 'answered' then
    member.listensUntil = NOW_MS + LISTENING_GRACE_MS
  elseif outcome == 'cut' and wasHeldHere then
    member.listensUntil = NOW_MS + RECONNECT_GRACE_MS
  end
  member.seenAt = NOW_MS
  savePresence(member)
  scheduleAfterPoll(member)
end
return commit()
