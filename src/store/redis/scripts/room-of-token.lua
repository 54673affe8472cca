#!lua flags=no-writes
-- KEYS: the note about a token
-- Returns its room, or nil
local note = KEYS[1]
return redis.call('GET', note)
