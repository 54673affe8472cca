#!lua flags=no-writes
-- KEYS: names of one part of the index
-- ARGV: name to list from, excluded ('' from the first); limit
-- Returns the names in the order of their bytes
local names = KEYS[1]
local after = ARGV[1]
local limit = ARGV[2]
return redis.call('ZRANGEBYLEX', names, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
