-- Stands before every script of a room. A script runs alone: what it reads and writes is one consistent state of its room.
--
-- KEYS[1]   the room's hash, `<prefix>:{<roomId>}`. Every other key of the room is made from it: one hash tag, one slot.
-- ARGV[1]   now, in the fleet's steady milliseconds      ARGV[2]  the wall clock's milliseconds, for what is shown
-- ARGV[3]   the fleet's era, in which presence counts    ARGV[4]  when its idle times began (steady ms)
-- ARGV[5]   the process that asks                        ARGV[6]  a UUIDv7 whose last four digits are free, for room events
-- ARGV[7]   and on: the script's own
--
-- Answers { status, schedule, ... }. Status: `ok`, or the code of a refusal, which has changed nothing. Schedule: when the room
-- wants to be swept, if that changed: `<steady ms> <version> <participants>`, or `gone <version> 0` once nobody is left in it.
--
--   <room>                  hash    createdAt, order, due, era (in which that counts), version, keepMs
--   <room>:people           zset    participant ids in the order of joining
--   <room>:member:<id>      hash    the participant and the counts of its mailbox
--   <room>:queue:<id>       zset    the mailbox: entries by position
--   <room>:token:<handle>   string  <digest>|<id>|fresh, used or replaced, or <digest>|<id>|gone|<reason>|<forgotten at>
--   <room>:join:<scope>     string  the outcome kept for a retried join
--   <room>:send:<mailbox>:<scope>   string  the outcome kept for a retried send
--   <room>:gone:<mailbox>   string  how its participant went
--
-- An entry is `<position>|<expires at or 0>|<stored at>|<bytes or count>|<kind>|<sender>|<sender's mailbox>|<body>`; kinds are
-- m (message), e (room event) and g (a gap: so many messages ran out of their lifetime here). A body is one line of JSON,
-- [id, from, addressed, type, callId, sentAt], and behind a line break the payload's JSON, which nobody touches.

local ROOM = KEYS[1]
local NOW, WALL, ERA, ERA_BEGAN, PROCESS, UUID = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local OWN = 6
local NOW_MS = math.floor(NOW)
local PEOPLE = ROOM .. ':people'
local PREFIX = string.match(ROOM, '^(.-):{')
local NEVER = math.huge

local call = redis.call
local int = function(number) return string.format('%.0f', number) end
local key = function(kind, name) return ROOM .. ':' .. kind .. ':' .. name end

local room

local function roomRecord()
  if not room then
    local values = call('HMGET', ROOM, 'order', 'due', 'version', 'keepMs', 'era')
    room = {
      exists = values[1] ~= false,
      order = tonumber(values[1] or 0),
      due = tonumber(values[2] or '') or NEVER,
      version = tonumber(values[3] or 0),
      keepMs = tonumber(values[4] or 0),
    }
    -- The fleet's time may not be what it was: only a sweep of this era can tell.
    if room.exists and values[5] ~= ERA then room.due, room.isDirty = NOW_MS, true end
  end
  return room
end

-- Not earlier than `at` has the room to be swept for what the caller knows of.
local function dueBy(at)
  local known = roomRecord()
  if at >= known.due then return end
  known.due = at
  known.isDirty = true
end

-- For as long as anybody in it could be silent.
local function keepRoom()
  for _, name in ipairs({ ROOM, PEOPLE }) do call('PEXPIRE', name, int(roomRecord().keepMs)) end
end
