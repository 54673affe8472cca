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
      'Makes the caller a participant with its own mailbox and a token. The room need not be created.',
      'A join with a `participantId` that is in the room is 409 `participant-exists`, unless `Authorization` carries the former token of ' +
        'that participant, an access token with that `sub`, or an API key. The new token then replaces the old one, and a poll held with ' +
        'the old one ends with 410. With `resume: true`, the mailbox is kept and nothing is announced; otherwise the participant gets an ' +
        'empty mailbox. `resume` without `participantId` means the participant of the token. If that participant is gone, the caller ' +
        'joins as a new one; `resumed` says which happened.',
      'Send an `Idempotency-Key`, so that a retry after a lost reply gets a fresh token for the same participant instead of a ' +
        '409. Of the tokens issued under one key, the newest 8 unused ones are valid; the first use of one invalidates the others ' +
        'and ends the key. The first 8 replays in a minute are free; further ones count as joins.',
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
      description: 'Joined. Start polling from `cursor`.',
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
      'Lists the participants of the room and whether they are listening. Changes arrive as `participant-joined` and `participant-left` ' +
      'messages. Read the roster again after a batch with `expired` above 0 and after `cursor-expired`.',
    security: 'participant-or-api-key',
    success: {
      status: 200,
      description: 'Everyone in the room, including the caller.',
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
      'Removes the participant and its mailbox at once; the others get a `participant-left`. Messages that it sent before are still ' +
        'delivered. A repeated request is 204 again.',
      'Where a proxy or firewall refuses DELETE, use `leaveRoomByPost`, or send a POST with `X-HTTP-Method-Override: DELETE` to the ' +
        'same path. Some firewalls refuse that header too.',
    ].join('\n\n'),
    security: 'self-or-api-key',
    success: { status: 204, description: 'The participant is gone.' },
  },
  leaveRoomByPost: {
    ...PUBLIC,
    method: 'POST',
    path: '/v1/rooms/{roomId}/participants/{participantId}/leave',
    summary: 'Leave the room, by POST',
    description:
      'Behaves like `leaveRoom` in every respect. For networks whose proxy or firewall refuses DELETE and ' +
      '`X-HTTP-Method-Override`. The body may be absent or `{}`.',
    security: 'self-or-api-key',
    body: { schema: 'leaveRoomByPost', required: false, example: {}, maxBytes: MAX_FEW_FIELDS_BYTES },
    success: { status: 204, description: 'The participant is gone.' },
  },
  getIceServers: {
    ...PUBLIC,
    method: 'GET',
    path: '/v1/rooms/{roomId}/ice-servers',
    summary: 'Get ICE servers',
    description:
      'Returns the STUN and TURN servers for `RTCPeerConnection`, with credentials for the caller. The join result has them, too. ' +
      'Request them again before `ttlSeconds` have passed, or before an ICE restart.',
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
      `Lists rooms in the order of their ids, ${DEFAULT_ROOM_PAGE} per page unless \`limit\` is given (at most ${MAX_ROOM_PAGE}). For the next page, send the \`next\` of ` +
      'the previous one as `after`; the last page has none. Rooms that come and go in the meantime may be missed, but none is listed ' +
      'twice. Needs an API key.',
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
      'Removes all participants at once: held polls end with 410 `participant-gone` and the reason `removed`. This is not a ban: anyone ' +
      'who may join can join again. The response is also 204 for a room that does not exist. Needs an API key.',
    security: 'api-key',
    success: { status: 204, description: 'The room is empty.' },
  },
} as const satisfies Record<string, Operation>;
