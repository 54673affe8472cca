#!lua flags=allow-oom
-- For a poll that is answered at once: supersedes the poll that another process held when this one read, but no newer
-- poll.
-- ARGV: owner (id, mailbox, generation); newest hold when it read
-- Returns `ok`
local id = ARGV[7]
local mailbox = ARGV[8]
local seenHold = tonumber(ARGV[10])

local member = findOwner(id, mailbox, '')
if member and isHeldElsewhere(member) and member.hold == seenHold then
  supersedeHeldPoll(member)
  member.holder, member.heldUntil, member.seenAt = '', 0, NOW_MS
  savePresence(member)
  scheduleAfterPoll(member)
end
return commit()
