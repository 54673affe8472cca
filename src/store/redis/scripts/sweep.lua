#!lua flags=allow-oom
-- What time asks of one room: the idle depart, overdue messages become gaps, and what is alive is kept.
-- ARGV: how many may depart, how many messages may expire at once
-- Answers `ok`, departures, expirations
local left, toExpire = tonumber(ARGV[OWN + 1]), tonumber(ARGV[OWN + 2])
local known = roomRecord()
known.mayBeEmpty = true
if not known.exists then return { 'ok', 'gone ' .. int(nextVersion(known)) .. ' 0', {}, {} } end

for _, id in ipairs(people()) do
  local member = find(id)
  if not member then
    call('ZREM', PEOPLE, id)
  elseif left > 0 and idleAt(member) <= NOW then
    left = left - 1
    depart(member, 'timeout')
  end
end

known.due, known.keepMs, known.isDirty = NEVER, 0, true
for _, id in ipairs(people()) do toExpire = toExpire - expireOverdue(find(id), toExpire) end
for _, id in ipairs(people()) do
  local member = find(id)
  local keep = keepMs(member)
  call('PEXPIRE', key('member', id), keep)
  call('PEXPIRE', member.queue, keep)
  for _, handle in ipairs(tokensOf(member)) do call('PEXPIRE', key('token', handle), keep) end
  known.keepMs = math.max(known.keepMs, tonumber(keep))
  dueBy(math.min(idleAt(member), member.expiresFrom))
end
local finished = done(departures, expirations)
if known.keepMs > 0 then keepRoom() end
return finished
