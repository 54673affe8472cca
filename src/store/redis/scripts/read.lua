#!lua flags=no-writes
-- Reads the pending entries after the cursor.
-- ARGV: owner (id, mailbox, generation or ''); mailbox and position of the cursor ('' without); limits: entries, bytes
--       of messages
-- Returns `ok`, acknowledged, head, newest hold, whether another process holds a poll (0 or 1), entries;
--         `participant-gone`, reason; `cursor-expired`, acknowledged, head
local id = ARGV[7]
local mailbox = ARGV[8]
local generation = ARGV[9]
local cursorMailbox = ARGV[10]
local cursor = ARGV[11]
local maxEntries = ARGV[12]
local maxBytes = tonumber(ARGV[13])

local member, refusal = findOwner(id, mailbox, generation)
if not member then return refusal end
local from = cursor == '' and member.acknowledged or tonumber(cursor)
local isGood = cursor == '' or (cursorMailbox == mailbox and from >= member.acknowledged and from <= member.head)
if not isGood then return refuse('cursor-expired', int(member.acknowledged), int(member.head)) end

local entries, bytes, hasMessage = {}, 0, false
if member.head > from then
  for _, text in ipairs(call('ZRANGEBYSCORE', member.queue, '(' .. int(from), '+inf', 'LIMIT', 0, maxEntries)) do
    local entry = unpackEntry(text)
    if entry.kind ~= TOMBSTONE and (entry.expiresAt == 0 or entry.expiresAt > NOW) then
      bytes = bytes + entry.size
      if bytes > maxBytes and hasMessage then break end
      hasMessage = true
    end
    entries[#entries + 1] = text
  end
end
return answer(int(member.acknowledged), int(member.head), int(member.hold), flag(isHeldElsewhere(member)), entries)
