local function parse(entry)
  local _, last, position, expiresAt, storedAt, size, kind, sender, mailbox =
    string.find(entry, '^(%d+)|(%d+)|(%d+)|(%d+)|(%a)|([^|]*)|([^|]*)|')
  return {
    text = entry, position = tonumber(position), expiresAt = tonumber(expiresAt), storedAt = storedAt, size = tonumber(size),
    kind = kind, sender = sender, mailbox = mailbox, bodyFrom = last + 1,
  }
end

local function bodyOf(entry)
  local body = string.sub(entry.text, entry.bodyFrom)
  return cjson.decode(string.match(body, '^[^\n]*'))
end

local function put(member, expiresAt, size, kind, sender, mailbox, body)
  local position = math.max(member.head + 1, math.floor(NOW * 1000))
  member.head = position
  member.isDirty = true
  local at = int(position)
  local entry = table.concat({ at, int(expiresAt), int(NOW_MS), int(size), kind, sender, mailbox, body }, '|')
  -- Sweeps keep it from then on.
  if call('ZADD', member.queue, at, entry) == 1 and member.messages + member.events + member.gaps == 0 then
    call('PEXPIRE', member.queue, keepMs(member))
  end
  wake(member)
end

local function replaceByGap(member, entry, count)
  local at = int(entry.position)
  -- First: a queue that is empty for a moment would lose its time to live.
  call('ZADD', member.queue, at, table.concat({ at, '0', entry.storedAt, int(count), 'g', '', '', '' }, '|'))
  call('ZREM', member.queue, entry.text)
  member.isDirty = true
end

-- Keeps a mailbox that nobody reads bounded: each run of neighbouring gaps becomes one at its end.
local function compactGaps(member)
  if member.gaps <= MAX_GAPS then return end
  local previous
  for _, text in ipairs(call('ZRANGE', member.queue, 0, -1)) do
    local entry = parse(text)
    if entry.kind ~= 'g' then
      previous = nil
    else
      if previous then
        call('ZREM', member.queue, previous.text)
        replaceByGap(member, entry, entry.size + previous.size)
        member.gaps = member.gaps - 1
        entry = parse(call('ZRANGEBYSCORE', member.queue, int(entry.position), int(entry.position))[1])
      end
      previous = entry
    end
  end
end

-- None is before `eventsFrom`, so that a mailbox nobody reads is not searched from its beginning each time.
local function dropOldestEvent(member)
  for offset = 0, 1e6, EVENTS_LOOKED_AT do
    local texts = call('ZRANGEBYSCORE', member.queue, int(member.eventsFrom), '+inf', 'LIMIT', offset, EVENTS_LOOKED_AT)
    for _, text in ipairs(texts) do
      local entry = parse(text)
      if entry.kind == 'e' then
        member.eventsFrom = entry.position + 1
        replaceByGap(member, entry, 1)
        member.events = member.events - 1
        member.eventBytes = member.eventBytes - entry.size
        member.gaps = member.gaps + 1
        return compactGaps(member)
      end
    end
    if #texts < EVENTS_LOOKED_AT then return end
  end
end

local eventCount = 0

-- Never refused: beyond the allowance the oldest event makes room.
local function deliverEvent(member, kind, payload)
  if member.events >= MAX_ROOM_EVENTS then dropOldestEvent(member) end
  eventCount = eventCount + 1
  local id = string.sub(UUID, 1, 32) .. string.format('%04x', eventCount % 65536)
  local body = '["' .. id .. '",null,0,"' .. kind .. '",null,' .. WALL .. ']\n' .. payload
  local size = ENVELOPE_BYTES + #payload
  put(member, 0, size, 'e', '', '', body)
  if member.events == 0 then member.eventsFrom = member.head end
  member.events = member.events + 1
  member.eventBytes = member.eventBytes + size
end

local function announce(exceptId, kind, payload)
  for _, id in ipairs(people()) do
    local member = id ~= exceptId and find(id)
    if member then deliverEvent(member, kind, payload) end
  end
end

local function leftPayload(id, reason) return '{"participantId":"' .. id .. '","reason":"' .. reason .. '"}' end

-- What went, for those who count: `<id> <mailbox> <reason>`, then `<position> <type>` of each unread message.
local departures = {}
-- `<id> <mailbox> <position> <type>` of each message that ran out of its lifetime.
local expirations = {}

local function tellSender(member, entry)
  local id, _, _, kind, callId = unpack(bodyOf(entry))
  expirations[#expirations + 1] = member.id .. ' ' .. member.mailbox .. ' ' .. int(entry.position) .. ' ' .. kind
  local sender = find(entry.sender)
  if not sender or sender.mailbox ~= entry.mailbox then return end
  local call_ = type(callId) == 'string' and ',"callId":' .. cjson.encode(callId) or ''
  deliverEvent(sender, 'message-expired',
    '{"messageId":"' .. id .. '","to":"' .. member.id .. '","type":' .. cjson.encode(kind) .. call_ .. '}')
end

-- Leaves gaps, which the owner will see counted, and tells the senders whose mailboxes are still there. At most `limit` of them;
-- returns how many.
local function expireOverdue(member, limit)
  if member.expiresFrom > NOW or limit <= 0 then return 0 end
  local overdue, earliest = {}, NEVER
  for _, text in ipairs(call('ZRANGE', member.queue, 0, -1)) do
    local entry = parse(text)
    if entry.kind == 'm' then
      if entry.expiresAt <= NOW and #overdue < limit then overdue[#overdue + 1] = entry
      else earliest = math.min(earliest, entry.expiresAt) end
    end
  end
  member.expiresFrom = earliest
  member.isDirty = true
  for _, entry in ipairs(overdue) do
    replaceByGap(member, entry, 1)
    member.messages = member.messages - 1
    member.messageBytes = member.messageBytes - entry.size
    member.gaps = member.gaps + 1
    tellSender(member, entry)
  end
  if #overdue > 0 then
    compactGaps(member)
    wake(member)
  end
  return #overdue
end
