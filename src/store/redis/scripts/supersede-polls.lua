#!lua flags=allow-oom
-- A poll that is answered at once took over from one that another process holds.
-- ARGV: id, mailbox, takeover
-- Answers `ok`
local id, mailbox = unpack(ARGV, OWN + 1, OWN + 2)
local member = present(id, mailbox, '')
if member and isHeld(member) and member.holder ~= PROCESS then
  member.hold = member.hold + 1
  hint(member, 'superseded ' .. mailbox .. ' ' .. int(member.hold))
  member.holder, member.heldUntil, member.pollEndedAt, member.seenAt = '', 0, NOW_MS, NOW_MS
  savePresence(member)
  dueBy(idleAt(member))
end
return done()
