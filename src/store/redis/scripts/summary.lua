#!lua flags=no-writes
-- Answers `ok`, how many are there, when the room began (wall clock ms, '' for a room that is not there)
return { 'ok', '', int(call('ZCARD', PEOPLE)), call('HGET', ROOM, 'createdAt') or '' }
