-- The records of a room: format 1. Stored bytes, field names and channel texts change only together with the format
-- number (docs/adr/0026-redis-format-number.md). `records.ts` is the counterpart in TypeScript.
--
-- <room> is `<prefix>:{<roomId>}`. Every key of a room begins with it, so all keys of a room share a hash tag and a
-- slot.
--
--   <room>                          hash    createdAt, order, due, era (the epoch of `due`), version, keepMs
--   <room>:people                   zset    participant ids in the order of joining
--   <room>:member:<id>              hash    state and presence (MessagePack), budgetFullAt, joinedAt, name, metadata
--   <room>:queue:<id>               zset    the mailbox: entries by position
--   <room>:token:<handle>           string  <digest>|<id>|<state>; when gone: <digest>|<id>|gone|<reason>|<forget at>
--   <room>:join:<scope>             string  outcome of a join with an idempotency key:
--                                           <forget at>|<fingerprint>|<id>|<mailbox>|<resumed>
--   <room>:send:<mailbox>:<scope>   string  outcome of a send with an idempotency key:
--                                           <forget at>|<fingerprint>|<receipts>
--   <room>:gone:<mailbox>           string  why the participant left
--
-- Entry:    <position>|<expires at or 0>|<stored at>|<size>|<kind>|<sender>|<sender's mailbox>|<body>
--           Kinds are m (message), e (room event), g (tombstone). The size is in bytes; for a tombstone it is the
--           number of expired messages.
-- Body:     [id, sender, has a recipient (0 or 1), type, callId, sent at] as one line of JSON, a line break, the
--           unchanged payload
-- Receipt:  <message id>|<sent at>|<recipient>=<listening>,...|<skipped recipient>,...    one line per message
--
-- Channels: <prefix>:wake:<process>  messages <mailbox> | gone <mailbox> <reason> [<generation>] |
--                                    superseded <mailbox> <hold>
--           <prefix>:forget          <roomId> whose cached tokens are out of date
--           <prefix>:departed        <mailbox> that has ended

local call = redis.call
local NEVER = math.huge

local ROOM = KEYS[1]
local PEOPLE = ROOM .. ':people'
local PREFIX = string.match(ROOM, '^(.-):{')

local function int(number) return string.format('%.0f', number) end
local function key(kind, name) return ROOM .. ':' .. kind .. ':' .. name end

local function readRoom()
  local order, due, version, keepMs, epoch = unpack(call('HMGET', ROOM, 'order', 'due', 'version', 'keepMs', 'era'))
  return {
    exists = order ~= false,
    order = tonumber(order or 0),
    due = tonumber(due or '') or NEVER,
    version = tonumber(version or 0),
    keepMs = tonumber(keepMs or 0),
    epoch = epoch,
  }
end

local function writeRoom(room)
  call('HSET', ROOM, 'due', int(room.due), 'era', room.epoch, 'version', int(room.version), 'order', int(room.order),
    'keepMs', int(room.keepMs))
end

-- Each list is packed into one field, since a field per value takes twice the memory. NEVER is stored as 0. Later
-- versions may append names.
local STATE = {
  'mailbox', 'tokens', 'joinKey', 'acknowledged', 'head', 'messages', 'messageBytes', 'events', 'eventBytes', 'tombstones',
  'expiresFrom', 'idleMs', 'generation', 'eventsFrom',
}
local PRESENCE = { 'epoch', 'seenAt', 'heldUntil', 'holder', 'hold', 'listensUntil' }

local function packFields(member, names)
  local values = {}
  for index = 1, #names do
    local value = member[names[index]]
    values[index] = value == NEVER and 0 or value
  end
  return cmsgpack.pack(values)
end

local function unpackFields(member, names, text)
  local values = cmsgpack.unpack(text)
  for index = 1, #names do member[names[index]] = values[index] or 0 end
end

local function packEntry(entry)
  return table.concat({
    int(entry.position), int(entry.expiresAt), entry.storedAt, int(entry.size), entry.kind, entry.sender, entry.senderMailbox, entry.body,
  }, '|')
end

local function unpackEntry(text)
  local _, last, position, expiresAt, storedAt, size, kind, sender, senderMailbox =
    string.find(text, '^(%d+)|(%d+)|(%d+)|(%d+)|(%a)|([^|]*)|([^|]*)|')
  return {
    text = text, position = tonumber(position), expiresAt = tonumber(expiresAt), storedAt = storedAt, size = tonumber(size),
    kind = kind, sender = sender, senderMailbox = senderMailbox, bodyFrom = last + 1,
  }
end

-- { id, sender, has a recipient, type, callId, sent at }
local function unpackHead(entry)
  return cjson.decode(string.match(string.sub(entry.text, entry.bodyFrom), '^[^\n]*'))
end

local function packEventBody(id, kind, sentAt, payload)
  return '["' .. id .. '",null,0,"' .. kind .. '",null,' .. sentAt .. ']\n' .. payload
end

local function packToken(digest, id, state) return digest .. '|' .. id .. '|' .. state end

local function packGoneToken(token, reason, forgetAt)
  return table.concat({ token.digest, token.id, 'gone', reason, int(forgetAt) }, '|')
end

local function readToken(handle)
  local text = call('GET', key('token', handle))
  if not text then return nil end
  local digest, id, state, reason, forgetAt = string.match(text, '^([^|]*)|([^|]*)|(%a+)|?([^|]*)|?(%d*)$')
  return { digest = digest, id = id, state = state, reason = reason, forgetAt = tonumber(forgetAt) }
end

local function packJoinOutcome(outcome)
  return table.concat({ int(outcome.forgetAt), outcome.fingerprint, outcome.id, outcome.mailbox, outcome.resumed }, '|')
end

local function readJoinOutcome(scope)
  local forgetAt, fingerprint, id, mailbox, resumed =
    string.match(call('GET', key('join', scope)) or '', '^(%d+)|([^|]*)|([^|]*)|([^|]*)|(%d)$')
  if not forgetAt then return nil end
  return { forgetAt = tonumber(forgetAt), fingerprint = fingerprint, id = id, mailbox = mailbox, resumed = resumed }
end

local function packSendOutcome(forgetAt, fingerprint, receipts)
  return int(forgetAt) .. '|' .. fingerprint .. '|' .. receipts
end

local function readSendOutcome(sendKey)
  local forgetAt, fingerprint, receipts = string.match(call('GET', sendKey) or '', '^(%d+)|([^|]*)|(.*)$')
  if not forgetAt then return nil end
  return { forgetAt = tonumber(forgetAt), fingerprint = fingerprint, receipts = receipts }
end

-- As in signalling/idempotency.ts: fingerprints of different forms count as the same body.
local function isSameBody(known, given)
  return known == given or string.match(known, '^%a*:') ~= string.match(given, '^%a*:')
end

local function packReceipt(id, sentAt, recipients, skipped)
  return table.concat({ id, sentAt, table.concat(recipients, ','), table.concat(skipped, ',') }, '|')
end
