#!lua flags=allow-oom
-- First use of a fresh token: deletes the other tokens of its participant, and the outcome of the join that minted it.
-- ARGV: handle
-- Returns `ok`, and the token as `describeToken` does
local handle = ARGV[7]

local token = readToken(handle)
local member = token and token.state == 'fresh' and find(token.id)
if member then
  for _, other in ipairs(handlesOf(member)) do
    if other ~= handle then call('DEL', key('token', other)) end
  end
  call('SET', key('token', handle), packToken(token.digest, token.id, 'used'), 'PX', keyLifetime(member))
  member.tokens = handle
  member.isDirty = true
  deleteJoinOutcome(member)
end
return commit(unpack(describeToken(handle)))
