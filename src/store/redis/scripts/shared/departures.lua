-- Ends the mailbox: everything that hangs on it but the participant itself and its tokens.
local function emptyMailbox(member, reason)
  local told = { member.id .. ' ' .. member.mailbox .. ' ' .. reason }
  if member.messages > 0 then
    for _, text in ipairs(call('ZRANGE', member.queue, 0, -1)) do
      local entry = parse(text)
      if entry.kind == 'm' then told[#told + 1] = int(entry.position) .. ' ' .. bodyOf(entry)[4] end
    end
  end
  departures[#departures + 1] = told
  call('DEL', member.queue)
  call('SET', key('gone', member.mailbox), reason, 'PX', int(GONE_REMEMBERED_MS))
  forgetJoinKey(member)
  call('PUBLISH', PREFIX .. ':departed', member.mailbox)
  hint(member, 'gone ' .. member.mailbox .. ' ' .. reason)
end

local function remove(member, reason)
  emptyMailbox(member, reason)
  endTokens(member, reason)
  call('DEL', key('member', member.id))
  call('ZREM', PEOPLE, member.id)
  members[member.id] = false
  roomRecord().isDirty = true
  roomRecord().mayBeEmpty = true
end

local function depart(member, reason)
  remove(member, reason)
  announce(member.id, 'participant-left', leftPayload(member.id, reason))
end
