#!lua flags=allow-oom
-- A process says that it is there, or goodbye. The fleet's time is the first process's own, carried on by Redis's clock; a jump of
-- that clock is made up for by the processes that run.
-- KEYS: the fleet (hash; gone once every process has been silent for its lifetime): era, began, ahead, and each process
-- ARGV: process, `beat` or `bye`, the process's time (steady ms), '1' if that was in step with the fleet before, lifetime of the key in ms
-- Answers era, when it began, the fleet's time (steady ms)
local process, word, mine, wasInStep, lifetime = unpack(ARGV)
local time = redis.call('TIME')
local redisMs = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
if word == 'bye' then
  redis.call('HDEL', KEYS[1], 'process:' .. process)
  if redis.call('HLEN', KEYS[1]) <= 3 then redis.call('DEL', KEYS[1]) end
  return {}
end
local ahead = tonumber(redis.call('HGET', KEYS[1], 'ahead') or '')
if not ahead then
  redis.call('HSET', KEYS[1], 'era', process .. ':' .. string.format('%.0f', redisMs * 1000), 'began', mine)
end
if not ahead or (wasInStep == '1' and math.abs(redisMs + ahead - mine) > 1000) then
  ahead = mine - redisMs
  redis.call('HSET', KEYS[1], 'ahead', string.format('%.3f', ahead))
end
redis.call('HSET', KEYS[1], 'process:' .. process, '1')
redis.call('PEXPIRE', KEYS[1], lifetime)
local era, began = unpack(redis.call('HMGET', KEYS[1], 'era', 'began'))
return { era, began, string.format('%.3f', redisMs + ahead) }
