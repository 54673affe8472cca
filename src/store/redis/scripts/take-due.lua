#!lua flags=allow-oom
-- Hands out due rooms to one process at a time. A room whose sweep is not reported is handed out again.
-- KEYS: due times of one part of the index
-- ARGV: now, when to hand them out again (steady ms), limit
-- Returns the rooms
local dueTimes = KEYS[1]
local now = ARGV[1]
local againAt = ARGV[2]
local limit = ARGV[3]

local rooms = redis.call('ZRANGEBYSCORE', dueTimes, '-inf', now, 'LIMIT', 0, limit)
for _, room in ipairs(rooms) do redis.call('ZADD', dueTimes, againAt, room) end
return rooms
