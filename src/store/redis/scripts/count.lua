#!lua flags=no-writes
-- KEYS: what is known of the rooms, and their names, of one part of the index
-- Answers how many rooms there are, and how many participants
return { redis.call('ZCARD', KEYS[2]), tonumber(redis.call('HGET', KEYS[1], '#participants') or '0') }
