#!lua flags=allow-oom
-- A poll is held from now on. One that another process holds is superseded.
-- ARGV: id, mailbox, takeover, for how many ms, the position up to which it has read ('' unknown)
-- Answers `ok`, the number of this hold, whether there is more behind the position (0 or 1); `participant-gone` and the reason
local id, mailbox, takeover, forMs, position = unpack(ARGV, OWN + 1, OWN + 5)
local member, gone = present(id, mailbox, takeover)
if not member then return gone end
member.hold = member.hold + 1
if member.holder ~= PROCESS then hint(member, 'superseded ' .. mailbox .. ' ' .. int(member.hold)) end
member.holder = PROCESS
member.heldUntil = NOW_MS + tonumber(forMs)
savePresence(member)
local hasMore = position ~= '' and member.head > tonumber(position)
return { 'ok', '', int(member.hold), hasMore and '1' or '0' }
