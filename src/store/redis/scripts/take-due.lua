#!lua flags=allow-oom
-- Hands out rooms that are due, to one process at a time: a room comes again later if nobody says what became of it.
-- KEYS: due times (zset) of one part of the index
-- ARGV: now, when to hand them out again (steady ms), how many
local rooms = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, room in ipairs(rooms) do redis.call('ZADD', KEYS[1], ARGV[2], room) end
return rooms
