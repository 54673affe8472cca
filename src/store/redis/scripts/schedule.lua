#!lua flags=allow-oom
-- The index knows when each room wants to be swept and how many are in it, as of the newest version of the room that came here.
-- KEYS: due times (zset), `<version> <participants>` (hash; `#participants`, which no room can be called, counts them all), names in the order of their bytes
--       (zset) of one part of the index
-- ARGV: room, when (steady ms, or `gone`), version, participants, lifetime of the keys in ms, `hidden` for a room of the service's own
-- Answers 1, or 0 when it knows better
local dueTimes, known, names = KEYS[1], KEYS[2], KEYS[3]
local room, due, version, participants, lifetime, hidden = unpack(ARGV)
local before = redis.call('HGET', known, room) or '0 0'
local knownVersion, counted = string.match(before, '^(%d+) (%d+)$')
if tonumber(version) < tonumber(knownVersion) then
  -- Before a change whose own word may get lost: look there soon.
  if version == '1' then redis.call('ZADD', dueTimes, 'LT', due, room) end
  return 0
end

if hidden ~= 'hidden' then redis.call('HINCRBY', known, '#participants', participants - counted) end
if due == 'gone' then
  redis.call('ZREM', dueTimes, room)
  redis.call('HDEL', known, room)
  redis.call('ZREM', names, room)
  return 1
end
redis.call('ZADD', dueTimes, due, room)
redis.call('HSET', known, room, version .. ' ' .. participants)
if hidden ~= 'hidden' then redis.call('ZADD', names, 0, room) end
for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, lifetime) end
return 1
