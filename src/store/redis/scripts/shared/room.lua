-- Precedes every room script. A script runs alone: it reads and writes one consistent state of its room.
--
-- KEYS[1]   the room's hash
-- ARGV[1]   now, in the shared steady time (ms)
-- ARGV[2]   now, by the wall clock (ms), for timestamps in responses
-- ARGV[3]   the epoch in which presence counts
-- ARGV[4]   start of idle times (steady ms)
-- ARGV[5]   the calling process
-- ARGV[6]   a UUIDv7 whose last four digits are free, for room events
-- ARGV[7..] the arguments of the script itself
--
-- Returns { status, schedule, ... }. Status: `ok`, or the code of a refusal, which has changed nothing. Schedule:
-- empty, or the next sweep of the room if it has changed: { due (steady ms), version, participants };
-- { 'gone', version, 0 } for an empty room.

local NOW = tonumber(ARGV[1])
local WALL = ARGV[2]
local EPOCH = ARGV[3]
local IDLE_SINCE = tonumber(ARGV[4])
local PROCESS = ARGV[5]
local UUID = ARGV[6]
local NOW_MS = math.floor(NOW)

local function answer(...) return { 'ok', {}, ... } end
local function refuse(code, ...) return { code, {}, ... } end

local loadedRoom

local function currentRoom()
  if not loadedRoom then
    loadedRoom = readRoom()
    -- The shared time may have changed with the epoch, so only a sweep can determine what is due.
    if loadedRoom.exists and loadedRoom.epoch ~= EPOCH then loadedRoom.due, loadedRoom.isDirty = NOW_MS, true end
    loadedRoom.epoch = EPOCH
  end
  return loadedRoom
end

-- Schedules a sweep at `at` unless an earlier one is due.
local function scheduleSweep(at)
  local room = currentRoom()
  if at >= room.due then return end
  room.due = at
  room.isDirty = true
end

-- Keeps the room's keys as long as its participants may stay silent.
local function extendRoomExpiry()
  for _, name in ipairs({ ROOM, PEOPLE }) do call('PEXPIRE', name, int(currentRoom().keepMs)) end
end

-- Versions only grow, even across the end of a room, since they contain the time.
local function nextVersion(room)
  local time = call('TIME')
  return math.max(room.version + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]))
end

local function emptyRoomSchedule(room) return { 'gone', int(nextVersion(room)), '0' } end

local function saveSchedule()
  local room = loadedRoom
  if not room then return {} end
  if room.mayBeEmpty and room.exists and call('EXISTS', PEOPLE) == 0 then
    call('DEL', ROOM)
    return emptyRoomSchedule(room)
  end
  -- No process has swept the room for a long time: the index may have missed its due time.
  local isOverdue = room.exists and room.due < NOW - OVERDUE_MS
  if not room.isDirty and not isOverdue then return {} end
  room.version = nextVersion(room)
  writeRoom(room)
  return { int(room.due), int(room.version), int(call('ZCARD', PEOPLE)) }
end
