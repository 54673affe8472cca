#!lua flags=no-writes
-- ARGV: handle
-- Returns `ok`, and the token as `describeToken` does
local handle = ARGV[7]
return answer(unpack(describeToken(handle)))
