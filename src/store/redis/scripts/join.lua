#!lua
-- A participant enters, resumes, or starts anew under its name.
-- ARGV: id; resume (0 or 1); proof (none, token, trusted), its token's handle, whether it must be present (0 or 1); display name,
--       metadata ('-', or '=' and the text); idle time in ms ('' as it is); idle time of who is new; handle and digest of the new
--       token; mailbox id for a new mailbox; scope, fingerprint and milliseconds of the idempotency key ('' without); how many may
--       be in the room; payload of `participant-joined`
-- Answers `ok`, id, mailbox, acknowledged, idle ms, resumed, replayed (0 or 1), roster, departures
--         `participant-exists`, `room-full`, `idempotency-key-reused`; `participant-gone` and the reason
local id, resume, proof, proofHandle, mustBePresent, name, metadata, idleMs, newIdleMs, handle, digest, newMailbox, scope,
  fingerprint, kept, maxParticipants, joinedPayload = unpack(ARGV, OWN + 1, OWN + 17)

local function restartIdleTime(member)
  member.seenAt = NOW_MS
  member.isDirty = true
  member.isRestarted = true
  dueBy(idleAt(member))
  local known = roomRecord()
  -- Said with every join, should the index have missed it before.
  known.isDirty = true
  known.keepMs = math.max(known.keepMs, tonumber(keepMs(member)))
end

local function joined(member, resumed, replayed)
  local finished = done(id, member.mailbox, int(member.acknowledged), int(member.idleMs), resumed, replayed, roster(), departures)
  keepRoom()
  return finished
end

local function settle(member, resumed)
  forgetJoinKey(member)
  mint(member, handle, digest)
  if scope ~= '' then
    local text = table.concat({ int(NOW + tonumber(kept)), fingerprint, id, member.mailbox, resumed }, '|')
    call('SET', key('join', scope), text, 'PX', kept)
    member.joinKey = scope
  end
  restartIdleTime(member)
  return joined(member, resumed, '0')
end

local function setProfile(member)
  local memberKey = key('member', id)
  if name ~= '-' then call('HSET', memberKey, 'name', string.sub(name, 2)) end
  if metadata ~= '-' then call('HSET', memberKey, 'metadata', string.sub(metadata, 2)) end
end

local function add(budgetFullAt, tokens)
  local known = roomRecord()
  if not known.exists then
    known.exists = true
    call('HSET', ROOM, 'createdAt', WALL)
  end
  known.order = known.order + 1
  call('ZADD', PEOPLE, known.order, id)
  call('HSET', key('member', id), 'joinedAt', WALL, 'budgetFullAt', string.format('%.3f', budgetFullAt))
  local member = { id = id, queue = key('queue', id) }
  for _, names in ipairs({ STATE, PRESENCE }) do
    for _, name in ipairs(names) do member[name] = 0 end
  end
  member.mailbox, member.tokens, member.joinKey = newMailbox, tokens, ''
  member.idleMs = tonumber(idleMs ~= '' and idleMs or newIdleMs)
  member.expiresFrom = NEVER
  beginPresence(member)
  members[id] = member
  setProfile(member)
  return member
end

local function again(member, resumed)
  mint(member, handle, digest)
  restartIdleTime(member)
  return joined(member, resumed, '1')
end

local function enter()
  if call('ZCARD', PEOPLE) >= tonumber(maxParticipants) then return { 'room-full', '' } end
  local member = add(0, '')
  announce(id, 'participant-joined', joinedPayload)
  return settle(member, '0')
end

local function resumed(member)
  setProfile(member)
  if idleMs ~= '' then member.idleMs = tonumber(idleMs) end
  replaceTokens(member)
  member.takeover = member.takeover + 1
  hint(member, 'gone ' .. member.mailbox .. ' replaced ' .. int(member.takeover))
  return settle(member, '1')
end

-- What a crashed run left unread never reaches the new run.
local function restarted(member)
  emptyMailbox(member, 'replaced')
  replaceTokens(member)
  call('DEL', key('member', id))
  local new = add(member.budgetFullAt, member.tokens)
  announce(id, 'participant-left', leftPayload(id, 'replaced'))
  announce(id, 'participant-joined', joinedPayload)
  return settle(new, '0')
end

if scope ~= '' then
  local forgetAt, print, keptId, keptMailbox, wasResumed =
    string.match(call('GET', key('join', scope)) or '', '^(%d+)|([^|]*)|([^|]*)|([^|]*)|(%d)$')
  local member = keptId and find(keptId)
  if member and member.mailbox == keptMailbox and tonumber(forgetAt) > NOW then
    if print ~= fingerprint then return { 'idempotency-key-reused', '' } end
    id = keptId
    return again(member, wasResumed)
  end
end

local member = find(id)
if not member then
  if proof == 'token' and mustBePresent == '1' then
    local text = call('GET', key('token', proofHandle)) or ''
    return { 'participant-gone', '', string.match(text, '^[^|]*|[^|]*|gone|([^|]*)') or 'left' }
  end
  return enter()
end
local proves = proof == 'trusted' or (proof == 'token' and string.find(' ' .. member.tokens .. ' ', ' ' .. proofHandle .. ' ', 1, true))
if not proves then return { 'participant-exists', '' } end
return resume == '1' and resumed(member) or restarted(member)
