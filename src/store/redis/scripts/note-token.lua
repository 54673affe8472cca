#!lua
-- KEYS: the note about a token
-- ARGV: its room, lifetime of the note in ms
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
