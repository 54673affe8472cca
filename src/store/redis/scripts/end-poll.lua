#!lua flags=allow-oom
-- No poll of the mailbox is left on this process.
-- ARGV: id, mailbox, takeover
-- Answers `ok`
local id, mailbox = unpack(ARGV, OWN + 1, OWN + 2)
local member = present(id, mailbox, '')
if member then
  if member.holder == PROCESS then member.holder, member.heldUntil = '', 0 end
  member.seenAt, member.pollEndedAt = NOW_MS, NOW_MS
  savePresence(member)
  endedBy(member)
end
return done()
