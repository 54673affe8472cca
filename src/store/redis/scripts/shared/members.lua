-- A member's hash: state and presence, each packed into one field, since a field a value costs twice as much; the budget; and what is
-- only shown. A time that never comes is 0 there. Later versions may add names at the ends.
local STATE = {
  'mailbox', 'tokens', 'joinKey', 'acknowledged', 'head', 'messages', 'messageBytes', 'events', 'eventBytes', 'gaps', 'expiresFrom',
  'idleMs', 'takeover', 'eventsFrom',
}
local PRESENCE = { 'era', 'seenAt', 'heldUntil', 'holder', 'hold', 'listensUntil' }

local function packed(member, names)
  local values = {}
  for index = 1, #names do
    local value = member[names[index]]
    values[index] = value == NEVER and 0 or value
  end
  return cmsgpack.pack(values)
end

local function unpackInto(member, names, text)
  local values = cmsgpack.unpack(text)
  for index = 1, #names do member[names[index]] = values[index] or 0 end
end

local members = {}

-- An era is `<process>:<when it began>`. This process may not have heard of the newest yet.
local function isBefore(one, other)
  if one == other then return false end
  local when = '(%d+)$'
  return tonumber(string.match(one, when) or 0) < tonumber(string.match(other, when) or 0)
end

-- Presence of an era in which every process was gone counts for nothing: idle times begin anew.
local function beginPresence(member)
  member.era = ERA
  member.seenAt = ERA_BEGAN
  member.heldUntil = 0
  member.holder = ''
  member.listensUntil = 0
end

local function find(id)
  if members[id] ~= nil then return members[id] or nil end
  local values = call('HMGET', key('member', id), 'state', 'presence', 'budgetFullAt')
  if not values[1] then
    members[id] = false
    return nil
  end
  local member = { id = id, queue = key('queue', id), budgetFullAt = tonumber(values[3] or 0) }
  unpackInto(member, STATE, values[1])
  unpackInto(member, PRESENCE, values[2])
  if member.expiresFrom == 0 then member.expiresFrom = NEVER end
  if isBefore(member.era, ERA) then beginPresence(member) end
  members[id] = member
  return member
end

-- The mailbox that a caller means, or the refusal: it went, or somebody took it over since the caller proved to be its owner.
local function present(id, mailbox, takeover)
  local member = find(id)
  if member and member.mailbox == mailbox then
    if takeover == '' or tonumber(takeover) == member.takeover then return member end
    return nil, { 'participant-gone', '', 'replaced' }
  end
  return nil, { 'participant-gone', '', call('GET', key('gone', mailbox)) or 'replaced' }
end

local function people()
  return call('ZRANGE', PEOPLE, 0, -1)
end

local function isHeld(member) return member.heldUntil > NOW end

local function isListening(member)
  return isHeld(member) or member.listensUntil > NOW
end

-- Idle times begin anew with an era, and after an outage within it.
local function idleAt(member)
  return math.max(member.seenAt, member.heldUntil, ERA_BEGAN) + member.idleMs + IDLE_SLACK_MS
end

-- The last sweep counted on the poll's whole window. A little earlier is not worth a word to the index.
local function endedBy(member)
  if idleAt(member) < roomRecord().due - 1000 then dueBy(idleAt(member)) end
end

local function keepMs(member) return int(member.idleMs + KEPT_BEYOND_IDLE_MS) end

-- Everyone, in the order of joining: { id, name, metadata, joined at, listening }.
local function roster()
  local rows = {}
  for _, id in ipairs(people()) do
    local member = find(id)
    if member then
      local shown = call('HMGET', key('member', id), 'name', 'metadata', 'joinedAt')
      rows[#rows + 1] = { id, shown[1], shown[2], shown[3], isListening(member) and '1' or '0' }
    end
  end
  return rows
end

-- Hints: only to the process that holds a poll of the mailbox.
local function hint(member, text)
  if member.holder ~= '' and isHeld(member) then call('PUBLISH', PREFIX .. ':wake:' .. member.holder, text) end
end

local function wake(member)
  if member.isWoken then return end
  member.isWoken = true
  hint(member, 'messages ' .. member.mailbox)
end

-- digest, id, state; then mailbox and takeover of a fresh or used token, the reason of a gone one; nothing for an unknown one.
local function describeToken(handle)
  local text = call('GET', key('token', handle))
  if not text then return {} end
  local digest, id, state, reason, forgetAt = string.match(text, '^([^|]*)|([^|]*)|(%a+)|?([^|]*)|?(%d*)$')
  if state == 'gone' then return tonumber(forgetAt) > NOW and { digest, id, state, reason } or {} end
  if state == 'replaced' then return { digest, id, state } end
  local member = find(id)
  return member and { digest, id, state, member.mailbox, int(member.takeover) } or {}
end
