#!lua flags=no-writes
-- KEYS: the note about a token
-- Answers its room, or nil
return redis.call('GET', KEYS[1])
