-- Participants, called members here, with the counters of their mailboxes and their presence. Loaded once per script.

local members = {}

-- An epoch is `<process>:<begin>`. The calling process may not know the newest epoch yet.
local function isOlderEpoch(one, other)
  if one == other then return false end
  local begin = '(%d+)$'
  return tonumber(string.match(one, begin) or 0) < tonumber(string.match(other, begin) or 0)
end

-- Presence of an earlier epoch does not count, since no process ran in between: idle times restart.
local function resetPresence(member)
  member.epoch = EPOCH
  member.seenAt = IDLE_SINCE
  member.heldUntil = 0
  member.holder = ''
  member.listensUntil = 0
end

local function find(id)
  if members[id] ~= nil then return members[id] or nil end
  local state, presence, budgetFullAt = unpack(call('HMGET', key('member', id), 'state', 'presence', 'budgetFullAt'))
  if not state then
    members[id] = false
    return nil
  end
  local member = { id = id, queue = key('queue', id), budgetFullAt = tonumber(budgetFullAt or 0) }
  unpackFields(member, STATE, state)
  unpackFields(member, PRESENCE, presence)
  if member.expiresFrom == 0 then member.expiresFrom = NEVER end
  if isOlderEpoch(member.epoch, EPOCH) then resetPresence(member) end
  members[id] = member
  return member
end

-- Returns the owner of the mailbox, or nil and the refusal. A generation other than '' must be the current one, which
-- fences off replaced tokens.
local function findOwner(id, mailbox, generation)
  local member = find(id)
  if member and member.mailbox == mailbox then
    if generation == '' or tonumber(generation) == member.generation then return member end
    return nil, refuse('participant-gone', 'replaced')
  end
  return nil, refuse('participant-gone', call('GET', key('gone', mailbox)) or 'replaced')
end

local function people() return call('ZRANGE', PEOPLE, 0, -1) end

local function isHeld(member) return member.heldUntil > NOW end

local function isHeldElsewhere(member) return isHeld(member) and member.holder ~= PROCESS end

local function isListening(member) return isHeld(member) or member.listensUntil > NOW end

local function flag(value) return value and '1' or '0' end

-- Idle times restart with an epoch, and after an outage within it.
local function idleAt(member)
  return math.max(member.seenAt, member.heldUntil, IDLE_SINCE) + member.idleMs + IDLE_SLACK_MS
end

local function keyLifetime(member) return int(member.idleMs + KEPT_BEYOND_IDLE_MS) end

-- The due time assumes that a held poll lasts its whole window. A difference below a second does not justify an update
-- of the index.
local function scheduleAfterPoll(member)
  if idleAt(member) < currentRoom().due - 1000 then scheduleSweep(idleAt(member)) end
end

-- Returns { id, name, metadata, joined at, listening } for each participant, in the order of joining.
local function roster()
  local rows = {}
  for _, id in ipairs(people()) do
    local member = find(id)
    if member then
      local name, metadata, joinedAt = unpack(call('HMGET', key('member', id), 'name', 'metadata', 'joinedAt'))
      rows[#rows + 1] = { id, name, metadata, joinedAt, flag(isListening(member)) }
    end
  end
  return rows
end

-- Only the process that holds a poll of the mailbox receives hints.
local function publishHint(member, text)
  if member.holder ~= '' and isHeld(member) then call('PUBLISH', PREFIX .. ':wake:' .. member.holder, text) end
end

local function wakeHeldPoll(member)
  if member.isWoken then return end
  member.isWoken = true
  publishHint(member, 'messages ' .. member.mailbox)
end

-- A new hold outdates all polls that other processes hold.
local function supersedeHeldPoll(member)
  member.hold = member.hold + 1
  if isHeldElsewhere(member) then publishHint(member, 'superseded ' .. member.mailbox .. ' ' .. int(member.hold)) end
end

local function savePresence(member)
  call('HSET', key('member', member.id), 'presence', packFields(member, PRESENCE))
end

local function saveMember(member)
  call('HSET', key('member', member.id), 'state', packFields(member, STATE))
  if not member.isRestarted then return end
  savePresence(member)
  call('PEXPIRE', key('member', member.id), keyLifetime(member))
end

-- Saves the changed members and returns the reply.
local function commit(...)
  for _, member in pairs(members) do
    if member and member.isDirty then saveMember(member) end
  end
  return { 'ok', saveSchedule(), ... }
end

-- Returns { digest, id, state }; a fresh or used token adds mailbox and generation, a gone token adds the reason. Empty
-- for an unknown token.
local function describeToken(handle)
  local token = readToken(handle)
  if not token then return {} end
  if token.state == 'gone' then return token.forgetAt > NOW and { token.digest, token.id, 'gone', token.reason } or {} end
  if token.state == 'replaced' then return { token.digest, token.id, 'replaced' } end
  local member = find(token.id)
  return member and { token.digest, token.id, token.state, member.mailbox, int(member.generation) } or {}
end
