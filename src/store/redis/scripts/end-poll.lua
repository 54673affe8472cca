#!lua flags=allow-oom
-- The last poll of the mailbox on this process has ended. A cut poll that another process took over changes nothing.
-- ARGV: id, mailbox, takeover, how the poll ended (answered, cut or other)
-- Answers `ok`
local id, mailbox, _, outcome = unpack(ARGV, OWN + 1, OWN + 4)
local member = present(id, mailbox, '')
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
  endedBy(member)
end
return done()
