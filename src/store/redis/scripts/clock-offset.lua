#!lua flags=allow-oom
-- Compares the time of a process with the shared time. The process agrees or proposes another offset: either Redis's
-- clock has jumped, or the process was suspended. A recent agreement of another process means the latter. The report
-- may arrive late (a stalled Redis, a slow network), so it carries an offset and no time of day.
-- KEYS: the membership (heartbeat.lua)
-- ARGV: process; the offset it read; the offset it proposes ('' when it agrees); for how long an agreement counts (ms)
-- Returns the offset that is now in effect
local membership = KEYS[1]
local process = ARGV[1]
local readOffset = ARGV[2]
local proposedOffset = ARGV[3]
local agreementMs = tonumber(ARGV[4])
local call = redis.call

local offset, agreed, agreedBy = unpack(call('HMGET', membership, 'ahead', 'agreed', 'agreedBy'))
-- No epoch exists: the next heartbeat begins one.
if not offset then return proposedOffset ~= '' and proposedOffset or readOffset end

local time = call('TIME')
local redisMs = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
if proposedOffset == '' then
  call('HSET', membership, 'agreed', string.format('%.3f', redisMs), 'agreedBy', process)
  return offset
end
if offset ~= readOffset then return offset end
local ago = redisMs - tonumber(agreed or '-1e15')
local isContradicted = agreed and agreedBy ~= process and ago >= 0 and ago <= agreementMs
if isContradicted then return offset end
call('HSET', membership, 'ahead', proposedOffset)
return proposedOffset
