#!lua flags=allow-oom
-- A process says that it is there, or goodbye, or how far the fleet's time is ahead of Redis's clock. It may be late when it gets here
-- (a Redis that stood still, a slow network), so it brings a distance and no time of day.
-- KEYS: the fleet (hash; gone once every process has been silent for its lifetime): era, began (when idle times began, with
--       the era or after an outage), ahead, agreed (when a process last said that its own time agrees; Redis's ms),
--       agreedBy, well (when a process last sent a beat without a failure before it; Redis's ms), wellBy, and each process
-- ARGV: process; `beat`, `bye`, `agree` or `correct`; how far the fleet's time is ahead, in ms; for `correct` what it said
--       before; the fleet's time if the caller sets it, as in tests that turn a clock, or ''; lifetime of the key in ms;
--       how long an agreement counts, in ms; how late a beat may be, in ms; for `beat`: for how many ms Redis has been
--       failing for the caller, or ''; when it was sent (the fleet's ms), or ''
-- Returns era, when idle times began (the fleet's ms), Redis's ms, how far the fleet's time is ahead of it
local fleet = KEYS[1]
local process, word, ahead, before, given, lifetime, agreementMs, promptMs, awayMs, sentMs = unpack(ARGV)
local call = redis.call

local time = call('TIME')
local redisMs = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

if word == 'bye' then
  call('HDEL', fleet, 'process:' .. process)
  local isLast = true
  local fields = call('HGETALL', fleet)
  for index = 1, #fields, 2 do
    -- One that was killed says no goodbye.
    local isThere = string.find(fields[index], '^process:') and redisMs - tonumber(fields[index + 1]) < tonumber(lifetime)
    isLast = isLast and not isThere
  end
  if isLast then call('DEL', fleet) end
  return {}
end

local function fleetTime(distance) return given ~= '' and given or string.format('%.3f', redisMs + distance) end

local known = call('HGET', fleet, 'ahead')
if not known then
  local began = fleetTime(ahead)
  call('HSET', fleet, 'era', process .. ':' .. string.format('%.0f', redisMs * 1000), 'began', began, 'ahead', ahead)
elseif word == 'beat' and awayMs ~= '' then
  -- If all went well for another process meanwhile, only the caller was cut off: participants that poll elsewhere keep
  -- their idle times.
  local well, wellBy = unpack(call('HMGET', fleet, 'well', 'wellBy'))
  local isRedis = not well or wellBy == process or redisMs - tonumber(well) >= tonumber(awayMs)
  if isRedis then call('HSET', fleet, 'began', fleetTime(known)) end
elseif word == 'beat' and (sentMs == '' or redisMs + known - sentMs < tonumber(promptMs)) then
  call('HSET', fleet, 'well', string.format('%.3f', redisMs), 'wellBy', process)
elseif word == 'agree' then
  call('HSET', fleet, 'agreed', string.format('%.3f', redisMs), 'agreedBy', process)
elseif word == 'correct' and known == before then
  -- If another process agreed a moment ago, Redis's clock has not jumped: it is the caller that stood still.
  local agreed, agreedBy = unpack(call('HMGET', fleet, 'agreed', 'agreedBy'))
  local ago = redisMs - tonumber(agreed or '-1e15')
  local isAlone = not agreed or agreedBy == process or ago < 0 or ago > tonumber(agreementMs)
  if isAlone then call('HSET', fleet, 'ahead', ahead) end
end
call('HSET', fleet, 'process:' .. process, string.format('%.0f', redisMs))
call('PEXPIRE', fleet, lifetime)
-- Heard by the process itself: its subscription lives.
if word == 'beat' then call('PUBLISH', string.gsub(fleet, ':fleet$', ':wake:') .. process, 'beat') end
local era, began, current = unpack(call('HMGET', fleet, 'era', 'began', 'ahead'))
return { era, began, string.format('%.3f', redisMs), current }
