#!lua flags=no-writes
-- KEYS: names of one part of the index
-- ARGV: behind which name ('' from the first), how many
-- Answers the names, in the order of their bytes
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
return redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, ARGV[2])
