import {
  DEFAULT_ROOM_PAGE,
  iceServersResult,
  joinResult,
  MAX_ROOM_PAGE,
  participantList,
  roomList,
} from '../../wire/index.ts';
import * as examples from './examples.ts';
import { MAX_FEW_FIELDS_BYTES, MAX_JOIN_BYTES, type Operation } from './operation.ts';

const PUBLIC = { tag: 'rooms', audience: 'public' } as const;

export const roomOperations = {
  joinRoom: {
    ...PUBLIC,
    method: 'POST',
    path: '/v1/rooms/{roomId}/participants',
    summary: 'Join a room',
    description: [
      'Makes the caller a participant with a mailbox of its own, and mints its token. The room needs no creating.',
      'A join with a `participantId` that is in the room is 409 `participant-exists`, unless the caller proves to be it with its ' +
        'former token in `Authorization`, by an access token with that `sub`, or by an API key. Then a new token is minted and the old ' +
        'one is replaced: its held poll ends with 410. With `resume: true` the mailbox is kept and nothing is announced; otherwise the ' +
        'mailbox starts anew. `resume` without `participantId` means the participant of the token. If that one is gone, the join is a ' +
        'new one: `resumed` tells.',
      'Send an `Idempotency-Key`, so that a retry after a lost reply gets a fresh token for the same participant instead of a ' +
        '409. Of the tokens minted under one key, the newest 8 unused ones are valid; the first use of one replaces the others ' +
        'and ends the key. The first 8 replays in a minute are free; the server charges further ones as joins.',
    ].join('\n\n'),
    security: 'join',
    refusedWhileDraining: true,
    isIdempotent: true,
    idempotencyNote:
      'Without a credential the key is a secret: anyone who sends it gets a token of the same participant. It must be ' +
      'random, such as a UUID.',
    body: {
      schema: 'joinRoom',
      required: false,
      maxBytes: MAX_JOIN_BYTES,
      relays: 'metadata',
      example: examples.joinRequest,
    },
    success: {
      status: 201,
      description: 'Joined. Poll from `cursor` on.',
      schema: joinResult,
      example: examples.joined,
    },
    problems: ['participant-exists', 'room-full'],
  },
  listParticipants: {
    ...PUBLIC,
    method: 'GET',
    path: '/v1/rooms/{roomId}/participants',
    summary: 'Read the roster',
    description:
      'Who is in the room, and who is listening. Changes arrive as `participant-joined` and `participant-left` messages; read the ' +
      'roster again after a batch with `expired` above 0 and after `cursor-expired`.',
    security: 'participant-or-api-key',
    success: {
      status: 200,
      description: 'Everyone in the room, the caller included.',
      schema: participantList,
      example: examples.roster,
    },
  },
  leaveRoom: {
    ...PUBLIC,
    method: 'DELETE',
    path: '/v1/rooms/{roomId}/participants/{participantId}',
    summary: 'Leave the room',
    description: [
      'Ends the participant and its mailbox at once; the others get a `participant-left`. What it sent before stays deliverable. ' +
        'Repeating it is 204 again.',
      'Where a proxy or firewall refuses DELETE, use `leaveRoomByPost`, or send a POST with `X-HTTP-Method-Override: DELETE` to the ' +
        'same path. Some firewalls refuse that header too.',
    ].join('\n\n'),
    security: 'self-or-api-key',
    success: { status: 204, description: 'Gone.' },
  },
  leaveRoomByPost: {
    ...PUBLIC,
    method: 'POST',
    path: '/v1/rooms/{roomId}/participants/{participantId}/leave',
    summary: 'Leave the room, by POST',
    description:
      'The same as `leaveRoom` in every respect, for networks whose proxy or firewall refuses DELETE and ' +
      '`X-HTTP-Method-Override`. The body may be absent or `{}`.',
    security: 'self-or-api-key',
    body: { schema: 'leaveRoomByPost', required: false, example: {}, maxBytes: MAX_FEW_FIELDS_BYTES },
    success: { status: 204, description: 'Gone.' },
  },
  getIceServers: {
    ...PUBLIC,
    method: 'GET',
    path: '/v1/rooms/{roomId}/ice-servers',
    summary: 'Get ICE servers',
    description:
      'The STUN and TURN servers for `RTCPeerConnection`, with credentials made for the caller. The join result has them too; ask ' +
      'again before `ttlSeconds` are over, or before an ICE restart.',
    security: 'participant',
    success: {
      status: 200,
      description: 'The servers, ready for `RTCConfiguration`.',
      schema: iceServersResult,
      example: examples.iceServersResult,
    },
  },
  listRooms: {
    ...PUBLIC,
    method: 'GET',
    path: '/v1/rooms',
    summary: 'List the rooms',
    description:
      `In the order of their ids, ${DEFAULT_ROOM_PAGE} to a page unless \`limit\` says otherwise (at most ${MAX_ROOM_PAGE}). Ask again with the \`next\` of a page ` +
      'as `after` until a page has none. Rooms that come and go meanwhile may be missed; none comes twice. Needs an API key.',
    security: 'api-key',
    query: 'listRooms',
    success: { status: 200, description: 'One page of rooms.', schema: roomList, example: examples.roomPage },
  },
  closeRoom: {
    ...PUBLIC,
    method: 'DELETE',
    path: '/v1/rooms/{roomId}',
    summary: 'Close a room',
    description:
      'Removes everyone at once: held polls end with 410 `participant-gone` and the reason `removed`. It is no ban: who may join may ' +
      'join again, which makes the room anew. A room that is not there is 204 too. Needs an API key.',
    security: 'api-key',
    success: { status: 204, description: 'Nobody is in the room.' },
  },
} as const satisfies Record<string, Operation>;
