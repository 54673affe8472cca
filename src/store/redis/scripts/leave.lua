#!lua flags=allow-oom
-- Removes a process that stops. The last process ends the epoch, so that its successor need not wait for the membership
-- to expire.
-- KEYS: the membership (heartbeat.lua)
-- ARGV: process; lifetime of the membership in ms
local membership = KEYS[1]
local process = ARGV[1]
local lifetime = tonumber(ARGV[2])
local call = redis.call

local time = call('TIME')
local redisMs = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

call('HDEL', membership, 'process:' .. process)
local fields = call('HGETALL', membership)
for index = 1, #fields, 2 do
  -- A killed process leaves its heartbeat behind.
  local isAlive = string.find(fields[index], '^process:') and redisMs - tonumber(fields[index + 1]) < lifetime
  if isAlive then return 0 end
end
call('DEL', membership)
return 1
