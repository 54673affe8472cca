#!lua flags=no-writes
-- Answers `ok`, the roster
return { 'ok', '', roster() }
