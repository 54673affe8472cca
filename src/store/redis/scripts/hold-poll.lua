#!lua flags=allow-oom
-- Records that the calling process holds a poll. The poll supersedes one that another process holds, unless that one
-- began after this poll had read, or after this poll was last recorded: then the other poll is newer, and this one
-- ends.
-- ARGV: owner (id, mailbox, generation or ''); hold time in ms; position up to which the poll has read ('' unknown);
--       newest hold when it read ('' unknown); its own hold if it was recorded before ('' if not)
-- Returns `ok`, number of this hold, whether there is more after the position (0 or 1), whether a newer poll exists
--         (0 or 1); `participant-gone`, reason
local id = ARGV[7]
local mailbox = ARGV[8]
local generation = ARGV[9]
local holdMs = tonumber(ARGV[10])
local position = ARGV[11]
local seenHold = ARGV[12]
local ownHold = ARGV[13]

local member, refusal = findOwner(id, mailbox, generation)
if not member then return refusal end
local isOutdated = ownHold ~= '' and member.hold > tonumber(ownHold) and member.holder ~= PROCESS
  or seenHold ~= '' and member.hold > tonumber(seenHold) and isHeldElsewhere(member)
if isOutdated then return answer('0', '0', '1') end

supersedeHeldPoll(member)
member.holder = PROCESS
member.heldUntil = NOW_MS + holdMs
savePresence(member)
local hasMore = position ~= '' and member.head > tonumber(position)
return answer(int(member.hold), flag(hasMore), '0')
