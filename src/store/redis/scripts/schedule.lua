#!lua flags=allow-oom
-- Records in the index when to sweep a room and how many participants it has, by the newest reported version of the
-- room.
-- KEYS: of one part of the index: due times (zset), `<version> <participants>` of each room and the sum `#participants`
--       (hash; no room can have that name), names in byte order (zset)
-- ARGV: room; due time (steady ms), or `gone`; version; participants; lifetime of the keys in ms; `hidden` for a room
--       of the service itself
-- Returns 1, or 0 when a newer version was reported before
local dueTimes = KEYS[1]
local versions = KEYS[2]
local names = KEYS[3]
local room = ARGV[1]
local due = ARGV[2]
local version = ARGV[3]
local participants = ARGV[4]
local lifetime = ARGV[5]
local isHidden = ARGV[6] == 'hidden'

local knownVersion, counted = string.match(redis.call('HGET', versions, room) or '0 0', '^(%d+) (%d+)$')
if tonumber(version) < tonumber(knownVersion) then
  -- Version 1 precedes a change whose own report may be lost, so the room is swept soon.
  if version == '1' then redis.call('ZADD', dueTimes, 'LT', due, room) end
  return 0
end

if not isHidden then redis.call('HINCRBY', versions, '#participants', participants - counted) end
if due == 'gone' then
  redis.call('ZREM', dueTimes, room)
  redis.call('HDEL', versions, room)
  redis.call('ZREM', names, room)
  return 1
end
redis.call('ZADD', dueTimes, due, room)
redis.call('HSET', versions, room, version .. ' ' .. participants)
if not isHidden then redis.call('ZADD', names, 0, room) end
for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, lifetime) end
return 1
