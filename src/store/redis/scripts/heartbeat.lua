#!lua flags=allow-oom
-- Records that a process is alive. The first heartbeat after a silence begins an epoch.
-- KEYS: the membership (hash, expires once every process has been silent for its lifetime). Names of format 1:
--       `era`: the epoch; `began`: start of idle times (shared ms); `ahead`: offset of the shared time from Redis's
--       clock (ms); `well`, `wellBy`: the last heartbeat without a failure before it (Redis's ms) and its process;
--       `agreed`, `agreedBy`: the same for the last process whose time agreed; `process:<id>`: the last heartbeat of
--       each process (Redis's ms)
-- ARGV: process; lifetime of the membership in ms; initial offset for a new epoch (ms); the shared time if the caller
--       sets it, as in tests, or ''; for how many ms Redis has been failing for the caller, or ''; send time of the
--       heartbeat (shared ms), or ''; how late a heartbeat may arrive (ms)
-- Returns epoch, start of idle times (shared ms), Redis's ms, offset
local membership = KEYS[1]
local process = ARGV[1]
local lifetime = ARGV[2]
local initialOffset = ARGV[3]
local givenTime = ARGV[4]
local outageMs = ARGV[5]
local sentAt = ARGV[6]
local promptMs = tonumber(ARGV[7])
local call = redis.call

local time = call('TIME')
local redisMs = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local now = string.format('%.3f', redisMs)
local function sharedTime(offset) return givenTime ~= '' and givenTime or string.format('%.3f', redisMs + offset) end

local offset = call('HGET', membership, 'ahead')
if not offset then
  local epoch = process .. ':' .. string.format('%.0f', redisMs * 1000)
  call('HSET', membership, 'era', epoch, 'began', sharedTime(initialOffset), 'ahead', initialOffset)
elseif outageMs ~= '' then
  -- If another process had no failure meanwhile, only the caller was cut off, and idle times do not restart:
  -- participants may have polled on the other process.
  local well, wellBy = unpack(call('HMGET', membership, 'well', 'wellBy'))
  local wasRedisAway = not well or wellBy == process or redisMs - tonumber(well) >= tonumber(outageMs)
  if wasRedisAway then call('HSET', membership, 'began', sharedTime(offset)) end
elseif sentAt == '' or redisMs + offset - sentAt < promptMs then
  call('HSET', membership, 'well', now, 'wellBy', process)
end
call('HSET', membership, 'process:' .. process, string.format('%.0f', redisMs))
call('PEXPIRE', membership, lifetime)
-- Lets the process verify that its subscription still works.
call('PUBLISH', string.gsub(membership, ':fleet$', ':wake:') .. process, 'beat')
local epoch, idleSince, newOffset = unpack(call('HMGET', membership, 'era', 'began', 'ahead'))
return { epoch, idleSince, now, newOffset }
