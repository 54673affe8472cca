#!lua flags=allow-oom
-- The first use of a fresh token: the others of its participant end, and the key it was minted under is forgotten.
-- ARGV: handle
-- Answers `ok`
local handle = ARGV[OWN + 1]
local text = call('GET', key('token', handle)) or ''
local digest, id = string.match(text, '^([^|]*)|([^|]*)|fresh$')
local member = id and find(id)
if not member then return { 'ok', '' } end
for _, other in ipairs(tokensOf(member)) do
  if other ~= handle then call('DEL', key('token', other)) end
end
call('SET', key('token', handle), digest .. '|' .. id .. '|used', 'PX', keepMs(member))
member.tokens = handle
member.isDirty = true
forgetJoinKey(member)
return done()
