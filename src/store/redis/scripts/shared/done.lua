local function savePresence(member)
  call('HSET', key('member', member.id), 'presence', packed(member, PRESENCE))
end

local function save(member)
  call('HSET', key('member', member.id), 'state', packed(member, STATE))
  if not member.isRestarted then return end
  savePresence(member)
  call('PEXPIRE', key('member', member.id), keepMs(member))
end

-- Versions only grow, also when the room ends and comes again: they contain time.
local function nextVersion(known)
  local time = call('TIME')
  return math.max(known.version + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]))
end

local function schedule()
  if not room then return '' end
  local known = room
  if known.mayBeEmpty and known.exists and call('EXISTS', PEOPLE) == 0 then
    call('DEL', ROOM)
    return 'gone ' .. int(nextVersion(known)) .. ' 0'
  end
  -- Nobody has swept it for long: the index may have missed when it was due.
  local isOverdue = known.exists and known.due < NOW - OVERDUE_MS
  if not known.isDirty and not isOverdue then return '' end
  known.version = nextVersion(known)
  call('HSET', ROOM, 'due', int(known.due), 'era', ERA, 'version', int(known.version), 'order', int(known.order), 'keepMs', int(known.keepMs))
  return int(known.due) .. ' ' .. int(known.version) .. ' ' .. call('ZCARD', PEOPLE)
end

-- Writes what changed, and answers.
local function done(...)
  for _, member in pairs(members) do
    if member and member.isDirty then save(member) end
  end
  return { 'ok', schedule(), ... }
end
