#!lua
-- A participant enters a room, resumes its mailbox, or starts anew under its id.
-- ARGV: id; resume (0 or 1); proof: kind (none, token, trusted), handle of the token, must be present (0 or 1);
--       display name and metadata (`-`, or `=` and the text); idle timeout in ms ('' unchanged), its default;
--       new token: handle, digest; mailbox id for a new mailbox; idempotency key ('' when absent): scope, fingerprint,
--       lifetime in ms; maximum number of participants; payload of `participant-joined`
-- Returns `ok`, id, mailbox, acknowledged, idle timeout in ms, resumed (0 or 1), replayed (0 or 1), roster, departures;
--         `participant-exists`; `room-full`; `idempotency-key-reused`; `participant-gone`, reason
local id = ARGV[7]
local resume = ARGV[8]
local proof = ARGV[9]
local proofHandle = ARGV[10]
local mustBePresent = ARGV[11]
local name = ARGV[12]
local metadata = ARGV[13]
local idleMs = ARGV[14]
local defaultIdleMs = ARGV[15]
local handle = ARGV[16]
local digest = ARGV[17]
local newMailbox = ARGV[18]
local scope = ARGV[19]
local fingerprint = ARGV[20]
local outcomeLifetime = ARGV[21]
local maxParticipants = tonumber(ARGV[22])
local joinedPayload = ARGV[23]

local function restartIdleTime(member)
  member.seenAt = NOW_MS
  member.isDirty = true
  member.isRestarted = true
  scheduleSweep(idleAt(member))
  local room = currentRoom()
  -- Every join updates the index, which may have missed an earlier update.
  room.isDirty = true
  room.keepMs = math.max(room.keepMs, tonumber(keyLifetime(member)))
end

local function finish(member, resumed, replayed)
  local result = commit(id, member.mailbox, int(member.acknowledged), int(member.idleMs), resumed, replayed, roster(), departures)
  extendRoomExpiry()
  return result
end

local function complete(member, resumed)
  deleteJoinOutcome(member)
  mintToken(member, handle, digest)
  if scope ~= '' then
    local outcome = packJoinOutcome({
      forgetAt = NOW + tonumber(outcomeLifetime), fingerprint = fingerprint, id = id, mailbox = member.mailbox, resumed = resumed,
    })
    call('SET', key('join', scope), outcome, 'PX', outcomeLifetime)
    member.joinKey = scope
  end
  restartIdleTime(member)
  return finish(member, resumed, '0')
end

local function setProfile(member)
  local memberKey = key('member', id)
  if name ~= '-' then call('HSET', memberKey, 'name', string.sub(name, 2)) end
  if metadata ~= '-' then call('HSET', memberKey, 'metadata', string.sub(metadata, 2)) end
end

local function addMember(budgetFullAt, tokens)
  local room = currentRoom()
  if not room.exists then
    room.exists = true
    call('HSET', ROOM, 'createdAt', WALL)
  end
  room.order = room.order + 1
  call('ZADD', PEOPLE, room.order, id)
  call('HSET', key('member', id), 'joinedAt', WALL, 'budgetFullAt', string.format('%.3f', budgetFullAt))
  local member = { id = id, queue = key('queue', id) }
  for _, names in ipairs({ STATE, PRESENCE }) do
    for _, field in ipairs(names) do member[field] = 0 end
  end
  member.mailbox, member.tokens, member.joinKey = newMailbox, tokens, ''
  member.idleMs = tonumber(idleMs ~= '' and idleMs or defaultIdleMs)
  member.expiresFrom = NEVER
  resetPresence(member)
  members[id] = member
  setProfile(member)
  return member
end

local function replay(member, resumed)
  mintToken(member, handle, digest)
  restartIdleTime(member)
  return finish(member, resumed, '1')
end

local function enter()
  if call('ZCARD', PEOPLE) >= maxParticipants then return refuse('room-full') end
  local member = addMember(0, '')
  announce(id, 'participant-joined', joinedPayload)
  return complete(member, '0')
end

local function resumeMailbox(member)
  setProfile(member)
  if idleMs ~= '' then member.idleMs = tonumber(idleMs) end
  replaceTokens(member)
  member.generation = member.generation + 1
  publishHint(member, 'gone ' .. member.mailbox .. ' replaced ' .. int(member.generation))
  return complete(member, '1')
end

-- The new run never receives messages that the previous run left unread.
local function startAnew(member)
  endMailbox(member, 'replaced')
  replaceTokens(member)
  call('DEL', key('member', id))
  local new = addMember(member.budgetFullAt, member.tokens)
  announce(id, 'participant-left', leftPayload(id, 'replaced'))
  announce(id, 'participant-joined', joinedPayload)
  return complete(new, '0')
end

local outcome = scope ~= '' and readJoinOutcome(scope)
local joinedBefore = outcome and find(outcome.id)
if joinedBefore and joinedBefore.mailbox == outcome.mailbox and outcome.forgetAt > NOW then
  if not isSameBody(outcome.fingerprint, fingerprint) then return refuse('idempotency-key-reused') end
  id = outcome.id
  return replay(joinedBefore, outcome.resumed)
end

local member = find(id)
if not member then
  if proof == 'token' and mustBePresent == '1' then
    local token = readToken(proofHandle)
    return refuse('participant-gone', token and token.state == 'gone' and token.reason or 'left')
  end
  return enter()
end
local hasProof = proof == 'trusted' or (proof == 'token' and string.find(' ' .. member.tokens .. ' ', ' ' .. proofHandle .. ' ', 1, true))
if not hasProof then return refuse('participant-exists') end
return resume == '1' and resumeMailbox(member) or startAnew(member)
