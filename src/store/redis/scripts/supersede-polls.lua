#!lua flags=allow-oom
-- A poll that is answered at once took over from the one that another process held when it read. A newer one is none of its business.
-- ARGV: id, mailbox, takeover, the newest hold when it read
-- Answers `ok`
local id, mailbox, _, seenHold = unpack(ARGV, OWN + 1, OWN + 4)
local member = present(id, mailbox, '')
if member and isHeld(member) and member.holder ~= PROCESS and member.hold == tonumber(seenHold) then
  member.hold = member.hold + 1
  hint(member, 'superseded ' .. mailbox .. ' ' .. int(member.hold))
  member.holder, member.heldUntil, member.seenAt = '', 0, NOW_MS
  savePresence(member)
  endedBy(member)
end
return done()
