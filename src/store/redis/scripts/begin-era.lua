#!lua flags=allow-oom
-- The fleet came back: every room is due now, since idle times begin anew, and the fleet's time may not be what it was.
-- KEYS: due times (zset) of one part of the index
-- ARGV: now (steady ms)
for _, room in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], ARGV[1], room) end
return 1
