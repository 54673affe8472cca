#!lua flags=allow-oom
-- Ends everyone. Nobody is told of the others' departures: nobody stays to read of them.
-- Answers `ok`, departures
for _, id in ipairs(people()) do
  local member = find(id)
  if member then remove(member, 'removed') else call('ZREM', PEOPLE, id) end
end
roomRecord().mayBeEmpty = true
return done(departures)
