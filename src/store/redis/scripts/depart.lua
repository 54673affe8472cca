#!lua flags=allow-oom
-- Ends a participant, and tells the others.
-- ARGV: id, reason, mailbox ('' whichever it has)
-- Answers `ok`, departures
local id, reason, mailbox = unpack(ARGV, OWN + 1, OWN + 3)
local member = find(id)
if member and (mailbox == '' or mailbox == member.mailbox) then depart(member, reason) end
return done(departures)
