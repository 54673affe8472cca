#!lua flags=no-writes
-- Returns `ok`, the roster
return answer(roster())
