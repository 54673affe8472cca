#!lua flags=allow-oom
-- Removes a participant and notifies the others.
-- ARGV: id; reason; mailbox ('' for any)
-- Returns `ok`, departures
local id = ARGV[7]
local reason = ARGV[8]
local mailbox = ARGV[9]

local member = find(id)
if member and (mailbox == '' or mailbox == member.mailbox) then depart(member, reason) end
return commit(departures)
