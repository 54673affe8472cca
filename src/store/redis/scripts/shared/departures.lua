-- Departures of participants.

-- Ends the mailbox: deletes everything that belongs to it except the member's hash and tokens.
local function endMailbox(member, reason)
  departures[#departures + 1] = member.id .. ' ' .. member.mailbox .. ' ' .. reason .. ' ' .. int(member.messages)
  call('DEL', member.queue)
  call('SET', key('gone', member.mailbox), reason, 'PX', int(GONE_REMEMBERED_MS))
  deleteJoinOutcome(member)
  call('PUBLISH', PREFIX .. ':departed', member.mailbox)
  publishHint(member, 'gone ' .. member.mailbox .. ' ' .. reason)
end

local function remove(member, reason)
  endMailbox(member, reason)
  endTokens(member, reason)
  call('DEL', key('member', member.id))
  call('ZREM', PEOPLE, member.id)
  members[member.id] = false
  currentRoom().isDirty = true
  currentRoom().mayBeEmpty = true
end

local function depart(member, reason)
  remove(member, reason)
  announce(member.id, 'participant-left', leftPayload(member.id, reason))
end
