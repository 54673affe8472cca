#!lua flags=allow-oom
-- Records that a request of the participant has just ended.
-- ARGV: owner (id, mailbox, generation)
-- Returns `ok`
local id = ARGV[7]
local mailbox = ARGV[8]

local member = findOwner(id, mailbox, '')
if member then
  member.seenAt = NOW_MS
  savePresence(member)
end
return answer()
