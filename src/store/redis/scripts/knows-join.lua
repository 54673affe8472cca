#!lua flags=no-writes
-- ARGV: scope
-- Answers `ok`, whether the outcome of a join is kept under it (0 or 1)
local forgetAt, id, mailbox = string.match(call('GET', key('join', ARGV[OWN + 1])) or '', '^(%d+)|[^|]*|([^|]*)|([^|]*)|')
local member = id and find(id)
local knows = member and member.mailbox == mailbox and tonumber(forgetAt) > NOW
return { 'ok', '', knows and '1' or '0' }
