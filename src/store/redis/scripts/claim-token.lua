#!lua flags=allow-oom
-- The first use of a fresh token: the others of its participant end, and the key it was minted under is forgotten.
-- ARGV: handle
-- Answers `ok`, and of a known token what `describeToken` says
local handle = ARGV[OWN + 1]
local digest, id = string.match(call('GET', key('token', handle)) or '', '^([^|]*)|([^|]*)|fresh$')
local member = id and find(id)
if member then
  for _, other in ipairs(tokensOf(member)) do
    if other ~= handle then call('DEL', key('token', other)) end
  end
  call('SET', key('token', handle), digest .. '|' .. id .. '|used', 'PX', keepMs(member))
  member.tokens = handle
  member.isDirty = true
  forgetJoinKey(member)
end
return done(unpack(describeToken(handle)))
