#!lua flags=no-writes
-- KEYS: names of one part of the index
-- ARGV: name after which to list ('' to start at the first); limit
-- Returns the names in byte order
local names = KEYS[1]
local after = ARGV[1]
local limit = ARGV[2]
return redis.call('ZRANGEBYLEX', names, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
