#!lua
-- Stores the room of a token, for requests that use the token in another room.
-- KEYS: the note
-- ARGV: room, lifetime of the note in ms
local note = KEYS[1]
local room = ARGV[1]
local lifetime = ARGV[2]
redis.call('SET', note, room, 'PX', lifetime)
return 1
