#!lua flags=allow-oom
-- Makes every room due now for a new epoch: idle times restart, and the shared time may have changed.
-- KEYS: due times of one part of the index
-- ARGV: now (steady ms)
local dueTimes = KEYS[1]
local now = ARGV[1]

for _, room in ipairs(redis.call('ZRANGE', dueTimes, 0, -1)) do redis.call('ZADD', dueTimes, now, room) end
return 1
