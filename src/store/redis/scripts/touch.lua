#!lua flags=allow-oom
-- A request of the participant ended just now.
-- ARGV: id, mailbox, takeover
-- Answers `ok`
local id, mailbox = unpack(ARGV, OWN + 1, OWN + 2)
local member = present(id, mailbox, '')
if member then
  member.seenAt = NOW_MS
  savePresence(member)
end
return { 'ok', '' }
