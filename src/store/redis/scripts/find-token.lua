#!lua flags=no-writes
-- ARGV: handle
-- Answers `ok`, and for a known token: digest, id, state; then mailbox and takeover of a fresh or used one, the reason of a gone one
local text = call('GET', key('token', ARGV[OWN + 1]))
if not text then return { 'ok', '' } end
local digest, id, state, reason, forgetAt = string.match(text, '^([^|]*)|([^|]*)|(%a+)|?([^|]*)|?(%d*)$')
if state == 'gone' then
  if tonumber(forgetAt) <= NOW then return { 'ok', '' } end
  return { 'ok', '', digest, id, state, reason }
end
if state == 'replaced' then return { 'ok', '', digest, id, state } end
local member = find(id)
if not member then return { 'ok', '' } end
return { 'ok', '', digest, id, state, member.mailbox, int(member.takeover) }
