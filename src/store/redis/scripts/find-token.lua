#!lua flags=no-writes
-- ARGV: handle
-- Answers `ok`, and of a known token what `describeToken` says
return { 'ok', '', unpack(describeToken(ARGV[OWN + 1])) }
