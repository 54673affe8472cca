#!lua flags=no-writes
-- ARGV: scope of the idempotency key
-- Returns `ok`, whether a join with this key would be a replay (0 or 1)
local scope = ARGV[7]

local outcome = readJoinOutcome(scope)
local member = outcome and find(outcome.id)
return answer(flag(member and member.mailbox == outcome.mailbox and outcome.forgetAt > NOW))
