#!lua flags=allow-oom
-- A poll is held from now on. One that another process holds is superseded, unless it began after this one had read, or after it was
-- told of before: then it is the newer, and this one ends.
-- ARGV: id, mailbox, takeover, for how many ms, the position up to which it has read, the newest hold when it read, its own hold if it
--       is told of once more ('' unknown)
-- Answers `ok`, the number of this hold, whether there is more behind the position, whether a newer poll took over (0 or 1);
--         `participant-gone` and the reason
local id, mailbox, takeover, forMs, position, seenHold, ownHold = unpack(ARGV, OWN + 1, OWN + 7)
local member, gone = present(id, mailbox, takeover)
if not member then return gone end
local isElsewhere = isHeld(member) and member.holder ~= PROCESS
local isOutdone = ownHold ~= '' and member.hold > tonumber(ownHold) and member.holder ~= PROCESS
  or isElsewhere and seenHold ~= '' and member.hold > tonumber(seenHold)
if isOutdone then return { 'ok', '', '0', '0', '1' } end
member.hold = member.hold + 1
if isElsewhere then hint(member, 'superseded ' .. mailbox .. ' ' .. int(member.hold)) end
member.holder = PROCESS
member.heldUntil = NOW_MS + tonumber(forMs)
savePresence(member)
local hasMore = position ~= '' and member.head > tonumber(position)
return { 'ok', '', int(member.hold), hasMore and '1' or '0', '0' }
