#!lua flags=allow-oom
-- Sweeps one room: idle participants depart, expired messages become tombstones, and the expiry of keys in use is
-- extended.
-- ARGV: limits: departures, expired messages
-- Returns `ok`, departures, expirations
local departuresLeft = tonumber(ARGV[7])
local expirationsLeft = tonumber(ARGV[8])

local room = currentRoom()
room.mayBeEmpty = true
if not room.exists then return { 'ok', emptyRoomSchedule(room), {}, {} } end

for _, id in ipairs(people()) do
  local member = find(id)
  if not member then
    call('ZREM', PEOPLE, id)
  elseif departuresLeft > 0 and idleAt(member) <= NOW then
    departuresLeft = departuresLeft - 1
    depart(member, 'timeout')
  end
end

room.due, room.keepMs, room.isDirty = NEVER, 0, true
for _, id in ipairs(people()) do expirationsLeft = expirationsLeft - expireMessages(find(id), expirationsLeft) end
for _, id in ipairs(people()) do
  local member = find(id)
  local lifetime = keyLifetime(member)
  call('PEXPIRE', key('member', id), lifetime)
  call('PEXPIRE', member.queue, lifetime)
  for _, handle in ipairs(handlesOf(member)) do call('PEXPIRE', key('token', handle), lifetime) end
  room.keepMs = math.max(room.keepMs, tonumber(lifetime))
  scheduleSweep(math.min(idleAt(member), member.expiresFrom))
end
local result = commit(departures, expirations)
if room.keepMs > 0 then extendRoomExpiry() end
return result
