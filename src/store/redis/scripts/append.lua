#!lua
-- Stores all messages of a batch, or none.
-- ARGV: sender (id, mailbox, generation or ''); rate ('' when unlimited): ms per message, window in ms, quota;
--       idempotency key ('' when absent): scope, fingerprint, lifetime in ms; maximum messages and bytes of a mailbox;
--       for each message: id, recipient (* for everyone), lifetime in ms, bytes, body
-- Returns `ok`, replayed (0 or 1), receipts; `participant-gone`, reason; `idempotency-key-reused`;
--         `rate-limited`, when the budget is full again; `recipient-not-found` or `mailbox-full`, index of the message
local id = ARGV[7]
local mailbox = ARGV[8]
local generation = ARGV[9]
local interval = ARGV[10]
local window = ARGV[11]
local quota = ARGV[12]
local scope = ARGV[13]
local fingerprint = ARGV[14]
local outcomeLifetime = ARGV[15]
local maxMessages = tonumber(ARGV[16])
local maxBytes = tonumber(ARGV[17])
local FIRST, FIELDS = 18, 5
local count = (#ARGV - FIRST + 1) / FIELDS

local sender, refusal = findOwner(id, mailbox, generation)
if not sender then return refusal end

local sendKey = key('send', mailbox .. ':' .. scope)
local known = scope ~= '' and readSendOutcome(sendKey)
if known and known.forgetAt > NOW then
  if not isSameBody(known.fingerprint, fingerprint) then return refuse('idempotency-key-reused') end
  return answer('1', known.receipts)
end

-- The generic cell rate algorithm, as in signalling/rate-limit.ts. The charge stays even if the messages are refused
-- below.
if interval ~= '' then
  local spent = math.max(0, sender.budgetFullAt - NOW)
  if spent + math.min(count, tonumber(quota)) * interval > tonumber(window) + interval * RATE_ROUNDING then
    return refuse('rate-limited', string.format('%.3f', sender.budgetFullAt))
  end
  call('HSET', key('member', id), 'budgetFullAt', string.format('%.3f', NOW + spent + count * interval))
end

local everyoneElse
local function othersInRoom()
  if not everyoneElse then
    everyoneElse = {}
    for _, other in ipairs(people()) do
      if other ~= id and find(other) then everyoneElse[#everyoneElse + 1] = find(other) end
    end
  end
  return everyoneElse
end

local messages = {}
for index = 0, count - 1 do
  local at = FIRST + index * FIELDS
  local recipient = ARGV[at + 1]
  local message = {
    id = ARGV[at], ttl = tonumber(ARGV[at + 2]), bytes = tonumber(ARGV[at + 3]), body = ARGV[at + 4],
    accepting = {}, skipping = {},
  }
  if recipient == '*' then
    message.recipients = othersInRoom()
  else
    local member = find(recipient)
    if not member then return refuse('recipient-not-found', index) end
    message.recipients = { member }
  end
  messages[#messages + 1] = message
end

-- Reserves room for a message of this batch.
local function reserve(member, bytes)
  local reserved = member.reserved or { messages = 0, bytes = 0 }
  if member.messages + reserved.messages >= maxMessages then return false end
  if member.messageBytes + reserved.bytes + bytes > maxBytes then return false end
  member.reserved = { messages = reserved.messages + 1, bytes = reserved.bytes + bytes }
  return true
end

for index, message in ipairs(messages) do
  for _, member in ipairs(message.recipients) do
    local list = reserve(member, message.bytes) and message.accepting or message.skipping
    list[#list + 1] = member
  end
  if #message.accepting == 0 and #message.skipping > 0 then return refuse('mailbox-full', index - 1) end
end

local receipts = {}
for _, message in ipairs(messages) do
  local recipients, skipped = {}, {}
  local expiresAt = math.floor(NOW + message.ttl)
  for _, member in ipairs(message.accepting) do
    addEntry(member, {
      expiresAt = expiresAt, size = message.bytes, kind = MESSAGE, sender = id, senderMailbox = mailbox, body = message.body,
    })
    member.messages = member.messages + 1
    member.messageBytes = member.messageBytes + message.bytes
    if expiresAt < member.expiresFrom then
      member.expiresFrom = expiresAt
      scheduleSweep(expiresAt)
    end
    recipients[#recipients + 1] = member.id .. '=' .. flag(isListening(member))
  end
  for _, member in ipairs(message.skipping) do skipped[#skipped + 1] = member.id end
  receipts[#receipts + 1] = packReceipt(message.id, WALL, recipients, skipped)
end
local text = table.concat(receipts, '\n')
if scope ~= '' then
  call('SET', sendKey, packSendOutcome(NOW + tonumber(outcomeLifetime), fingerprint, text), 'PX', outcomeLifetime)
end
return commit('0', text)
