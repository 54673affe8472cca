#!lua flags=no-writes
-- Returns `ok`, number of participants, when the room was created (wall clock ms, '' for no room)
return answer(int(call('ZCARD', PEOPLE)), call('HGET', ROOM, 'createdAt') or '')
