#!lua flags=allow-oom
-- A poll is held from now on. One that another process holds is superseded, unless it began after this one had read: then it is the newer.
-- ARGV: id, mailbox, takeover, for how many ms, the position up to which it has read, the newest hold when it read ('' unknown)
-- Answers `ok`, the number of this hold, whether there is more behind the position, whether a newer one is held elsewhere (0 or 1);
--         `participant-gone` and the reason
local id, mailbox, takeover, forMs, position, seenHold = unpack(ARGV, OWN + 1, OWN + 6)
local member, gone = present(id, mailbox, takeover)
if not member then return gone end
local isElsewhere = isHeld(member) and member.holder ~= PROCESS
if isElsewhere and seenHold ~= '' and member.hold > tonumber(seenHold) then return { 'ok', '', '0', '0', '1' } end
member.hold = member.hold + 1
if isElsewhere then hint(member, 'superseded ' .. mailbox .. ' ' .. int(member.hold)) end
member.holder = PROCESS
member.heldUntil = NOW_MS + tonumber(forMs)
savePresence(member)
local hasMore = position ~= '' and member.head > tonumber(position)
return { 'ok', '', int(member.hold), hasMore and '1' or '0', '0' }
