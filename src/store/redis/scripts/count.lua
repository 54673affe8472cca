#!lua flags=no-writes
-- KEYS: versions and names of one part of the index
-- Returns the number of rooms, and of participants
local versions = KEYS[1]
local names = KEYS[2]
return { redis.call('ZCARD', names), tonumber(redis.call('HGET', versions, '#participants') or '0') }
