local function savePresence(member)
  call('HSET', key('member', member.id), 'era', member.era, 'seenAt', int(member.seenAt), 'heldUntil', int(member.heldUntil),
    'holder', member.holder, 'hold', int(member.hold), 'pollEndedAt', int(member.pollEndedAt))
end

local function save(member)
  local fields = {}
  for _, name in ipairs(TEXTS) do
    fields[#fields + 1] = name
    fields[#fields + 1] = member[name]
  end
  for _, name in ipairs(NUMBERS) do
    fields[#fields + 1] = name
    fields[#fields + 1] = member[name] == NEVER and '0' or string.format('%.3f', member[name])
  end
  call('HSET', key('member', member.id), unpack(fields))
end

-- Versions only grow, also when the room ends and comes again: they contain time.
local function nextVersion(known)
  local time = call('TIME')
  return math.max(known.version + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]))
end

local function schedule()
  local known = roomRecord()
  if known.exists and call('EXISTS', PEOPLE) == 0 then
    call('DEL', ROOM)
    return 'gone ' .. int(nextVersion(known)) .. ' 0'
  end
  if not known.isDirty then return '' end
  known.version = nextVersion(known)
  call('HSET', ROOM, 'due', int(known.due), 'version', int(known.version), 'order', int(known.order), 'keepMs', int(known.keepMs))
  return int(known.due) .. ' ' .. int(known.version) .. ' ' .. call('ZCARD', PEOPLE)
end

-- Writes what changed, and answers.
local function done(...)
  for _, member in pairs(members) do
    if member and member.isDirty then
      save(member)
      call('PEXPIRE', key('member', member.id), keepMs(member))
      if member.expiresFrom ~= NEVER then dueBy(member.expiresFrom) end
    end
  end
  return { 'ok', schedule(), ... }
end
