#!lua flags=allow-oom
-- Deletes everything up to and including the cursor.
-- ARGV: owner (id, mailbox, generation or ''); the cursor
-- Returns `ok`, expirations; `participant-gone`, reason; `cursor-expired`, acknowledged, head
local id = ARGV[7]
local mailbox = ARGV[8]
local generation = ARGV[9]
local cursorMailbox = ARGV[10]
local position = tonumber(ARGV[11])

local member, refusal = findOwner(id, mailbox, generation)
if not member then return refusal end
if cursorMailbox ~= mailbox or position > member.head then
  return refuse('cursor-expired', int(member.acknowledged), int(member.head))
end
if position <= member.acknowledged then return answer(expirations) end

-- Expires overdue messages first, so that their senders are notified.
expireMessages(member, NEVER)
if position == member.head then
  member.messages, member.messageBytes, member.events, member.eventBytes, member.tombstones = 0, 0, 0, 0, 0
  member.expiresFrom = NEVER
  call('DEL', member.queue)
else
  for _, text in ipairs(call('ZRANGEBYSCORE', member.queue, '-inf', int(position))) do
    local entry = unpackEntry(text)
    if entry.kind == MESSAGE then
      member.messages = member.messages - 1
      member.messageBytes = member.messageBytes - entry.size
    elseif entry.kind == EVENT then
      member.events = member.events - 1
      member.eventBytes = member.eventBytes - entry.size
    else
      member.tombstones = member.tombstones - 1
    end
  end
  call('ZREMRANGEBYSCORE', member.queue, '-inf', int(position))
end
member.acknowledged = position
member.isDirty = true
return commit(expirations)
