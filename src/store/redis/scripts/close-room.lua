#!lua flags=allow-oom
-- Removes every participant. Announces no departures, since no participant remains.
-- Returns `ok`, departures
for _, id in ipairs(people()) do
  local member = find(id)
  if member then remove(member, 'removed') else call('ZREM', PEOPLE, id) end
end
currentRoom().mayBeEmpty = true
return commit(departures)
