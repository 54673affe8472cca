-- Tokens of a member. Handles are listed in the member's state, oldest first; each token has a key of its own.

local function handlesOf(member)
  local handles = {}
  for handle in string.gmatch(member.tokens, '%S+') do handles[#handles + 1] = handle end
  return handles
end

-- Deletes unused tokens beyond the limit, oldest first. Keeps the first replaced token, which is the last used one if
-- any was used.
local function deleteSurplusTokens(member)
  local handles = handlesOf(member)
  if #handles <= MAX_UNUSED_TOKENS then return end
  local kept, left = {}, { fresh = MAX_UNUSED_TOKENS, replaced = MAX_UNUSED_TOKENS, used = 1 }
  for index = #handles, 1, -1 do
    local handle = handles[index]
    local token = readToken(handle)
    local state = token and token.state
    if state and (left[state] > 0 or (state == 'replaced' and index == 1)) then
      left[state] = left[state] - 1
      table.insert(kept, 1, handle)
    else
      call('DEL', key('token', handle))
    end
  end
  member.tokens = table.concat(kept, ' ')
end

local function mintToken(member, handle, digest)
  call('SET', key('token', handle), packToken(digest, member.id, 'fresh'), 'PX', keyLifetime(member))
  member.tokens = member.tokens == '' and handle or (member.tokens .. ' ' .. handle)
  member.isDirty = true
  deleteSurplusTokens(member)
end

-- Makes all processes drop their cached tokens of this room.
local isCacheOutdated = false
local function invalidateTokenCaches()
  if isCacheOutdated then return end
  isCacheOutdated = true
  call('PUBLISH', PREFIX .. ':forget', string.match(ROOM, '{(.*)}$'))
end

-- A replaced token only proves identity on a join.
local function replaceTokens(member)
  invalidateTokenCaches()
  for _, handle in ipairs(handlesOf(member)) do
    local token = readToken(handle)
    if token then
      call('SET', key('token', handle), packToken(token.digest, member.id, 'replaced'), 'PX', keyLifetime(member))
    end
  end
end

local function deleteJoinOutcome(member)
  if member.joinKey == '' then return end
  call('DEL', key('join', member.joinKey))
  member.joinKey = ''
  member.isDirty = true
end

-- Live tokens keep the reason of the departure for a while. Replaced tokens are deleted.
local function endTokens(member, reason)
  invalidateTokenCaches()
  for _, handle in ipairs(handlesOf(member)) do
    local token = readToken(handle)
    if token and token.state == 'replaced' then
      call('DEL', key('token', handle))
    elseif token then
      local text = packGoneToken(token, reason, NOW_MS + GONE_REMEMBERED_MS)
      call('SET', key('token', handle), text, 'PX', int(GONE_REMEMBERED_MS))
    end
  end
end
