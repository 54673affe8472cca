import { DEFAULT_ROOM_PAGE, MAX_ROOM_PAGE, roomList } from '../../wire/index.ts';
import * as examples from './examples.ts';
import { ALWAYS, type Operation } from './row.ts';

/** Of an operation for trusted servers. */
const WITH_API_KEY = [...ALWAYS, 'unauthenticated', 'forbidden', 'rate-limited', 'storage-unavailable'] as const;

/** For trusted servers, which also join on behalf of others, read rosters and remove participants. */
export const administrationOperations = {
  listRooms: {
    method: 'GET',
    path: '/v1/rooms',
    tag: 'rooms',
    summary: 'List the rooms',
    description:
      `In the order of their ids, ${DEFAULT_ROOM_PAGE} to a page unless \`limit\` says otherwise (at most ${MAX_ROOM_PAGE}). Ask again with the \`next\` of a page ` +
      'as `after` until a page has none. Rooms that come and go meanwhile may be missed; none comes twice. Needs an API key.',
    security: 'api-key',
    query: 'listRoomsQuery',
    success: { status: 200, description: 'One page of rooms.', schema: roomList, example: examples.roomPage },
    problems: WITH_API_KEY,
  },
  closeRoom: {
    method: 'DELETE',
    path: '/v1/rooms/{roomId}',
    tag: 'rooms',
    summary: 'Close a room',
    description:
      'Removes everyone at once: held polls end with 410 `participant-gone` and the reason `removed`. It is no ban: who may join may ' +
      'join again, which makes the room anew. A room that is not there is 204 too. Needs an API key.',
    security: 'api-key',
    headers: ['X-HTTP-Method-Override'],
    success: { status: 204, description: 'Nobody is in the room.' },
    problems: WITH_API_KEY,
  },
} as const satisfies Record<string, Operation>;
