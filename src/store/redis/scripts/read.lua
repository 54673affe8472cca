#!lua flags=no-writes
-- ARGV: id, mailbox, takeover; mailbox and position of the cursor ('' without); how many entries, how many bytes of messages
-- Answers `ok`, acknowledged, head, the number of the newest hold, whether another process holds a poll (0 or 1),
--         entries behind the cursor, none if it is not good
--         `participant-gone` and the reason
local id, mailbox, takeover, cursorMailbox, cursor, limit, maxBytes = unpack(ARGV, OWN + 1, OWN + 7)
local member, gone = present(id, mailbox, takeover)
if not member then return gone end

local from = cursor == '' and member.acknowledged or tonumber(cursor)
local isGood = cursor == '' or (cursorMailbox == mailbox and from >= member.acknowledged and from <= member.head)
local entries, bytes, hasMessage = {}, 0, false
if isGood and member.head > from then
  for _, text in ipairs(call('ZRANGEBYSCORE', member.queue, '(' .. int(from), '+inf', 'LIMIT', 0, limit)) do
    local entry = parse(text)
    if entry.kind ~= 'g' and (entry.expiresAt == 0 or entry.expiresAt > NOW) then
      bytes = bytes + entry.size
      if bytes > tonumber(maxBytes) and hasMessage then break end
      hasMessage = true
    end
    entries[#entries + 1] = text
  end
end
local isElsewhere = isHeld(member) and member.holder ~= PROCESS
return { 'ok', '', int(member.acknowledged), int(member.head), int(member.hold), isElsewhere and '1' or '0', entries }
