import { batch, MAX_SEND_BATCH, receipt, receiptList } from '../../wire/index.ts';
import * as examples from './examples.ts';
import { MAX_FEW_FIELDS_BYTES, type Operation } from './operation.ts';

/** Each of these operations ends in a store call that checks the mailbox again, so the token may come from a cache. */
const OF_A_MAILBOX = { tag: 'messages', audience: 'public', security: 'participant', allowCachedToken: true } as const;

const SEND = { ...OF_A_MAILBOX, method: 'POST', isIdempotent: true } as const;
const SEND_PROBLEMS = ['recipient-not-found', 'mailbox-full'] as const;

const POLL = { ...OF_A_MAILBOX, isPoll: true, refusedWhileDraining: true } as const;
const POLL_PROBLEMS = ['invalid-cursor', 'poll-superseded', 'cursor-expired', 'too-many-polls'] as const;

const POLLING =
  'Returns pending messages at once, or holds the request until a message arrives or `wait` is over. An empty batch is a normal response. ' +
  'Reading does not remove a message: it stays until you send back a cursor past it. If a response is lost, poll again with the same ' +
  '`after`. A mailbox has one poll: a newer one ends the older one with 409 `poll-superseded`.';

/** Generators cannot express a WebSocket, so it is described in words. */
const SOCKET =
  'Where WebSockets work, a client may read the same mailbox through one instead: `GET /v1/rooms/{roomId}/messages/socket` with ' +
  '`Upgrade: websocket` and the subprotocol `holdline.v1`. A socket only reads; everything else stays an HTTP request. Frames are JSON ' +
  'text. The client sends `{"type":"hello","token"}` first, and the server answers `{"type":"welcome","heartbeatSeconds"}`. ' +
  '`{"type":"read","id"?,"after"?}` makes the socket the reader of the mailbox; the server sends ' +
  '`{"type":"batch","id"?,"batch"}` with a `Batch`, at once and whenever messages arrive, and an empty one after `heartbeatSeconds` of ' +
  'silence. The client answers each with `{"type":"ack","cursor"}`, with the last cursor that it has handled. ' +
  '`{"type":"probe","data"?}` is echoed at once, and 2 s later with `padding`. `{"type":"problem","problem"}` carries a `Problem`. ' +
  'A poll displaces a socket, and a socket a poll: `poll-superseded`. Generated clients need none of this.';

const POLLED = {
  status: 200,
  description: 'The pending messages, or an empty batch when `wait` is over.',
  schema: batch,
  example: examples.batch,
} as const;

export const messageOperations = {
  sendMessage: {
    ...SEND,
    path: '/v1/rooms/{roomId}/messages',
    summary: 'Send a message',
    description: [
      'Sends to one participant or, without `to`, to everyone else in the room. 201 means stored. `recipients` lists the participants ' +
        'whose mailboxes hold the message and whether they are listening, so that the sender can decide to use a push notification.',
      'A message without `to` skips full mailboxes and lists them in `skipped`; the response is 429 `mailbox-full` only when all are ' +
        'full. If nobody else is in the room, the response is 201 without recipients.',
      'Send an `Idempotency-Key` and repeat it in retries, so that the message is stored once.',
    ].join('\n\n'),
    body: {
      schema: 'sendMessage',
      required: true,
      maxBytes: 'message',
      relays: 'message',
      example: examples.sendRequest,
    },
    success: {
      status: 201,
      description: 'Stored.',
      schema: receipt,
      example: examples.receipt,
    },
    problems: SEND_PROBLEMS,
  },
  sendMessages: {
    ...SEND,
    path: '/v1/rooms/{roomId}/messages/batch',
    summary: 'Send several messages',
    description:
      `Sends one to ${MAX_SEND_BATCH} messages. Either all are stored, in their order, or none: a fault, an unknown recipient or a full mailbox ` +
      'fails the whole batch, with a pointer to the message. Use it for candidates that are found together.',
    body: {
      schema: 'sendMessages',
      required: true,
      maxBytes: 'batch',
      relays: 'messages',
      example: examples.sendBatchRequest,
    },
    success: {
      status: 201,
      description: 'All stored.',
      schema: receiptList,
      example: examples.receipts,
    },
    problems: SEND_PROBLEMS,
  },
  receiveMessages: {
    ...POLL,
    method: 'GET',
    path: '/v1/rooms/{roomId}/messages',
    summary: 'Poll for messages',
    description: `${POLLING}\n\nIn browsers, prefer \`pollMessages\`: they cache a CORS preflight per full URL.`,
    query: 'pollMessages',
    success: POLLED,
    problems: POLL_PROBLEMS,
  },
  pollMessages: {
    ...POLL,
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages/poll',
    summary: 'Poll for messages, by POST',
    description:
      `${POLLING}\n\nBehaves like \`receiveMessages\` in every respect, but its URL never changes: one CORS preflight serves all polls, ` +
      'and no proxy caches or repeats them.\n\n' +
      SOCKET,
    body: { schema: 'pollMessages', required: false, example: examples.pollRequest, maxBytes: MAX_FEW_FIELDS_BYTES },
    success: POLLED,
    problems: POLL_PROBLEMS,
  },
  openSocket: {
    ...OF_A_MAILBOX,
    method: 'GET',
    path: '/v1/rooms/{roomId}/messages/socket',
    isSocket: true,
    security: 'participant-or-hello',
    refusedWhileDraining: true,
    summary: 'Open a socket that reads',
    description: 'See `pollMessages`.',
    success: { status: 101, description: 'The connection is a WebSocket from now on.' },
    problems: ['upgrade-required', 'too-many-polls'],
  },
  acknowledgeMessages: {
    ...OF_A_MAILBOX,
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages/ack',
    summary: 'Acknowledge messages',
    description:
      'Acknowledges everything up to `cursor`, as the `after` of the next poll would. For clients that will not poll again soon. Has ' +
      'no effect for a cursor at or before the acknowledged position.',
    body: {
      schema: 'acknowledgeMessages',
      required: true,
      example: examples.ackRequest,
      maxBytes: MAX_FEW_FIELDS_BYTES,
    },
    success: { status: 204, description: 'Acknowledged.' },
    problems: ['invalid-cursor', 'cursor-expired'],
  },
} as const satisfies Record<string, Operation>;
