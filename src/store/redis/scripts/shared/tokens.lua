local function tokensOf(member)
  local handles = {}
  for handle in string.gmatch(member.tokens, '%S+') do handles[#handles + 1] = handle end
  return handles
end

local function digestAndState(handle)
  local text = call('GET', key('token', handle))
  if not text then return nil end
  return string.match(text, '^([^|]*)|[^|]*|([^|]*)')
end

-- Removes unused tokens that newer joins left over. Keeps the first replaced one: it is the last used one, if any was used.
local function forgetSurplus(member)
  local handles = tokensOf(member)
  if #handles <= MAX_UNUSED_TOKENS then return end
  local kept, left = {}, { fresh = MAX_UNUSED_TOKENS, replaced = MAX_UNUSED_TOKENS, used = 1 }
  for index = #handles, 1, -1 do
    local handle = handles[index]
    local _, state = digestAndState(handle)
    if state and (left[state] > 0 or (state == 'replaced' and index == 1)) then
      left[state] = left[state] - 1
      table.insert(kept, 1, handle)
    else
      call('DEL', key('token', handle))
    end
  end
  member.tokens = table.concat(kept, ' ')
end

local function mint(member, handle, digest)
  call('SET', key('token', handle), digest .. '|' .. member.id .. '|fresh', 'PX', keepMs(member))
  member.tokens = member.tokens == '' and handle or (member.tokens .. ' ' .. handle)
  member.isDirty = true
  forgetSurplus(member)
end

-- Processes that know tokens of this room from before look again.
local isForgotten = false
local function forgetTokens()
  if isForgotten then return end
  isForgotten = true
  call('PUBLISH', PREFIX .. ':forget', string.match(ROOM, '{(.*)}$'))
end

-- They prove identity from now on, and nothing else.
local function replaceTokens(member)
  forgetTokens()
  for _, handle in ipairs(tokensOf(member)) do
    local digest = digestAndState(handle)
    if digest then
      call('SET', key('token', handle), digest .. '|' .. member.id .. '|replaced', 'PX', keepMs(member))
    end
  end
end

local function forgetJoinKey(member)
  if member.joinKey == '' then return end
  call('DEL', key('join', member.joinKey))
  member.joinKey = ''
  member.isDirty = true
end

-- Live ones are told for a while how their participant went; replaced ones end with it.
local function endTokens(member, reason)
  forgetTokens()
  local forgetAt = int(NOW_MS + GONE_REMEMBERED_MS)
  for _, handle in ipairs(tokensOf(member)) do
    local digest, state = digestAndState(handle)
    if state == 'replaced' then
      call('DEL', key('token', handle))
    elseif digest then
      local text = table.concat({ digest, member.id, 'gone', reason, forgetAt }, '|')
      call('SET', key('token', handle), text, 'PX', int(GONE_REMEMBERED_MS))
    end
  end
end
