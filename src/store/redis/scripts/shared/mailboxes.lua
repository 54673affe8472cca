-- A member's mailbox: adding entries, tombstones, room events and expiry.

local MESSAGE, EVENT, TOMBSTONE = 'm', 'e', 'g'

local function addEntry(member, entry)
  member.head = math.max(member.head + 1, math.floor(NOW * 1000))
  member.isDirty = true
  entry.position = member.head
  entry.storedAt = int(NOW_MS)
  -- Later, sweeps extend the expiry.
  local isFirst = member.messages + member.events + member.tombstones == 0
  if call('ZADD', member.queue, int(entry.position), packEntry(entry)) == 1 and isFirst then
    call('PEXPIRE', member.queue, keyLifetime(member))
  end
  wakeHeldPoll(member)
end

local function replaceByTombstone(member, entry, count)
  local tombstone = packEntry({
    position = entry.position, expiresAt = 0, storedAt = entry.storedAt, size = count, kind = TOMBSTONE,
    sender = '', senderMailbox = '', body = '',
  })
  -- Adds before it removes, since a queue that is empty for a moment would lose its expiry.
  call('ZADD', member.queue, int(entry.position), tombstone)
  call('ZREM', member.queue, entry.text)
  member.isDirty = true
  return tombstone
end

-- Bounds a mailbox that is never read: merges each run of adjacent tombstones into one at the end of the run.
local function compactTombstones(member)
  if member.tombstones <= MAX_TOMBSTONES then return end
  local previous
  for _, text in ipairs(call('ZRANGE', member.queue, 0, -1)) do
    local entry = unpackEntry(text)
    if entry.kind ~= TOMBSTONE then
      previous = nil
    else
      if previous then
        call('ZREM', member.queue, previous.text)
        entry = unpackEntry(replaceByTombstone(member, entry, entry.size + previous.size))
        member.tombstones = member.tombstones - 1
      end
      previous = entry
    end
  end
end

-- No event is before `eventsFrom`, so the search need not start at the beginning of a long mailbox.
local function dropOldestEvent(member)
  for offset = 0, 1e6, EVENTS_LOOKED_AT do
    local texts = call('ZRANGEBYSCORE', member.queue, int(member.eventsFrom), '+inf', 'LIMIT', offset, EVENTS_LOOKED_AT)
    for _, text in ipairs(texts) do
      local entry = unpackEntry(text)
      if entry.kind == EVENT then
        member.eventsFrom = entry.position + 1
        replaceByTombstone(member, entry, 1)
        member.events = member.events - 1
        member.eventBytes = member.eventBytes - entry.size
        member.tombstones = member.tombstones + 1
        return compactTombstones(member)
      end
    end
    if #texts < EVENTS_LOOKED_AT then return end
  end
end

local eventCount = 0

-- Never refuses an event: beyond the limit it drops the oldest one.
local function addEvent(member, kind, payload)
  if member.events >= MAX_ROOM_EVENTS then dropOldestEvent(member) end
  eventCount = eventCount + 1
  local id = string.sub(UUID, 1, 32) .. string.format('%04x', eventCount % 65536)
  local size = ENVELOPE_BYTES + #payload
  addEntry(member, {
    expiresAt = 0, size = size, kind = EVENT, sender = '', senderMailbox = '', body = packEventBody(id, kind, WALL, payload),
  })
  if member.events == 0 then member.eventsFrom = member.head end
  member.events = member.events + 1
  member.eventBytes = member.eventBytes + size
end

local function announce(exceptId, kind, payload)
  for _, id in ipairs(people()) do
    local member = id ~= exceptId and find(id)
    if member then addEvent(member, kind, payload) end
  end
end

local function leftPayload(id, reason) return '{"participantId":"' .. id .. '","reason":"' .. reason .. '"}' end

-- Both lists are returned to the process for its telemetry. Departures: `<id> <mailbox> <reason> <pending messages>`.
local departures = {}
-- Expired messages: `<id> <mailbox> <position>`.
local expirations = {}

local function tellSender(member, entry)
  local id, _, _, kind, callId = unpack(unpackHead(entry))
  expirations[#expirations + 1] = member.id .. ' ' .. member.mailbox .. ' ' .. int(entry.position)
  local sender = find(entry.sender)
  if not sender or sender.mailbox ~= entry.senderMailbox then return end
  local callIdField = type(callId) == 'string' and ',"callId":' .. cjson.encode(callId) or ''
  addEvent(sender, 'message-expired',
    '{"messageId":"' .. id .. '","to":"' .. member.id .. '","type":' .. cjson.encode(kind) .. callIdField .. '}')
end

-- Replaces at most `limit` expired messages by tombstones, which the owner receives as a count, and notifies the
-- senders.
-- Returns the number of expired messages.
local function expireMessages(member, limit)
  if member.expiresFrom > NOW or limit <= 0 then return 0 end
  local expired, nextExpiry = {}, NEVER
  for _, text in ipairs(call('ZRANGE', member.queue, 0, -1)) do
    local entry = unpackEntry(text)
    if entry.kind == MESSAGE then
      if entry.expiresAt <= NOW and #expired < limit then expired[#expired + 1] = entry
      else nextExpiry = math.min(nextExpiry, entry.expiresAt) end
    end
  end
  member.expiresFrom = nextExpiry
  member.isDirty = true
  for _, entry in ipairs(expired) do
    replaceByTombstone(member, entry, 1)
    member.messages = member.messages - 1
    member.messageBytes = member.messageBytes - entry.size
    member.tombstones = member.tombstones + 1
    tellSender(member, entry)
  end
  if #expired > 0 then
    compactTombstones(member)
    wakeHeldPoll(member)
  end
  return #expired
end
