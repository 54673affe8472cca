#!lua flags=allow-oom
-- Forgets everything up to the cursor.
-- ARGV: id, mailbox, takeover; mailbox and position of the cursor
-- Answers `ok`, expirations; `participant-gone` and the reason; `cursor-expired`, acknowledged, head
local id, mailbox, takeover, cursorMailbox, cursor = unpack(ARGV, OWN + 1, OWN + 5)
local member, gone = present(id, mailbox, takeover)
if not member then return gone end
local position = tonumber(cursor)
if cursorMailbox ~= mailbox or position > member.head then
  return { 'cursor-expired', '', int(member.acknowledged), int(member.head) }
end
if position <= member.acknowledged then return { 'ok', '', expirations } end

-- First, or a message that nobody acknowledged in its lifetime would go without a word to its sender.
expireOverdue(member, NEVER)
if position == member.head then
  member.messages, member.messageBytes, member.events, member.eventBytes, member.gaps = 0, 0, 0, 0, 0
  member.expiresFrom = NEVER
  call('DEL', member.queue)
else
  for _, text in ipairs(call('ZRANGEBYSCORE', member.queue, '-inf', int(position))) do
    local entry = parse(text)
    if entry.kind == 'm' then
      member.messages = member.messages - 1
      member.messageBytes = member.messageBytes - entry.size
    elseif entry.kind == 'e' then
      member.events = member.events - 1
      member.eventBytes = member.eventBytes - entry.size
    else
      member.gaps = member.gaps - 1
    end
  end
  call('ZREMRANGEBYSCORE', member.queue, '-inf', int(position))
end
member.acknowledged = position
member.isDirty = true
return done(expirations)
