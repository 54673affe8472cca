#!lua
-- Stores all messages, or none.
-- ARGV: sender, mailbox, takeover; interval, window, quota of the rate ('' when free); scope, fingerprint and milliseconds of the
--       idempotency key ('' without); messages and bytes that a mailbox may hold; for each message: id, to (* for all), lifetime
--       in ms, bytes, body
-- Answers `ok`, replayed (0 or 1), a line for each message: <id>|<sent at>|<id>=<listening>,...|<skipped id>,...
--         `rate-limited` and when the budget is full again; `idempotency-key-reused`; `participant-gone` and the reason;
--         `recipient-not-found` or `mailbox-full` and the message's index
local id, mailbox, takeover, interval, window, quota, scope, fingerprint, kept, maxMessages, maxBytes = unpack(ARGV, OWN + 1, OWN + 11)
local FIRST, EACH = OWN + 12, 5
local count = (#ARGV - FIRST + 1) / EACH

local sender, gone = present(id, mailbox, takeover)
if not sender then return gone end

local sendKey = key('send', mailbox .. ':' .. scope)
if scope ~= '' then
  local forgetAt, print, outcome = string.match(call('GET', sendKey) or '', '^(%d+)|([^|]*)|(.*)$')
  if forgetAt and tonumber(forgetAt) > NOW then
    if print ~= fingerprint then return { 'idempotency-key-reused', '' } end
    return { 'ok', '', '1', outcome }
  end
end

-- What was charged stays charged when the messages are refused below.
if interval ~= '' then
  local spent = math.max(0, sender.budgetFullAt - NOW)
  if spent + math.min(count, tonumber(quota)) * interval > tonumber(window) + interval * RATE_ROUNDING then
    return { 'rate-limited', '', string.format('%.3f', sender.budgetFullAt) }
  end
  call('HSET', key('member', id), 'budgetFullAt', string.format('%.3f', NOW + spent + count * interval))
end

local messages, others = {}, nil
for index = 0, count - 1 do
  local messageId, to, lifetime, bytes, body = unpack(ARGV, FIRST + index * EACH, FIRST + index * EACH + EACH - 1)
  local recipients
  if to == '*' then
    if not others then
      others = {}
      for _, other in ipairs(people()) do
        if other ~= id and find(other) then others[#others + 1] = find(other) end
      end
    end
    recipients = others
  else
    local recipient = find(to)
    if not recipient then return { 'recipient-not-found', '', index } end
    recipients = { recipient }
  end
  messages[#messages + 1] = {
    id = messageId, lifetime = tonumber(lifetime), bytes = tonumber(bytes), body = body, addressed = recipients, taking = {}, skipping = {},
  }
end

local function takes(member, bytes)
  local added = member.added or { messages = 0, bytes = 0 }
  if member.messages + added.messages >= tonumber(maxMessages) then return false end
  if member.messageBytes + added.bytes + bytes > tonumber(maxBytes) then return false end
  member.added = { messages = added.messages + 1, bytes = added.bytes + bytes }
  return true
end

for index, message in ipairs(messages) do
  for _, member in ipairs(message.addressed) do
    local list = takes(member, message.bytes) and message.taking or message.skipping
    list[#list + 1] = member
  end
  if #message.taking == 0 and #message.skipping > 0 then return { 'mailbox-full', '', index - 1 } end
end

local lines = {}
for _, message in ipairs(messages) do
  local recipients, skipped = {}, {}
  local expiresAt = math.floor(NOW + message.lifetime)
  for _, member in ipairs(message.taking) do
    put(member, expiresAt, message.bytes, 'm', id, mailbox, message.body)
    member.messages = member.messages + 1
    member.messageBytes = member.messageBytes + message.bytes
    if expiresAt < member.expiresFrom then
      member.expiresFrom = expiresAt
      dueBy(expiresAt)
    end
    recipients[#recipients + 1] = member.id .. '=' .. (isListening(member) and '1' or '0')
  end
  for _, member in ipairs(message.skipping) do skipped[#skipped + 1] = member.id end
  lines[#lines + 1] = table.concat({ message.id, WALL, table.concat(recipients, ','), table.concat(skipped, ',') }, '|')
end
local outcome = table.concat(lines, '\n')
if scope ~= '' then
  call('SET', sendKey, int(NOW + tonumber(kept)) .. '|' .. fingerprint .. '|' .. outcome, 'PX', kept)
end
return done('0', outcome)
