import { batch, MAX_SEND_BATCH, receipt, receiptList } from '../../wire/index.ts';
import * as examples from './examples.ts';
import { MAX_FEW_FIELDS_BYTES, type Operation, WITH_BODY, WITH_CREDENTIAL } from './row.ts';

const SEND_PROBLEMS = [
  ...WITH_CREDENTIAL,
  ...WITH_BODY,
  'recipient-not-found',
  'idempotency-key-reused',
  'mailbox-full',
] as const;

const POLL_PROBLEMS = [
  ...WITH_CREDENTIAL,
  'invalid-cursor',
  'poll-superseded',
  'cursor-expired',
  'too-many-polls',
  'shutting-down',
] as const;

const POLL =
  'Returns what is pending at once, or holds the request until a message arrives or `wait` is over; an empty batch is a normal answer. ' +
  'Reading takes nothing away: a message stays until the cursor behind it comes back. So a lost reply costs nothing, just ask again with ' +
  'the same `after`. One poll per mailbox: a newer one ends the older with 409 `poll-superseded`.';

const POLLED = {
  status: 200,
  description: 'The pending messages, or an empty batch when the window is over.',
  schema: batch,
  headers: ['X-Accel-Buffering'],
  example: examples.batch,
} as const;

export const messageOperations = {
  sendMessage: {
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages',
    tag: 'messages',
    summary: 'Send a message',
    description: [
      'To one participant, or without `to` to everyone else in the room. 201 means stored; `recipients` tells whose mailbox holds it ' +
        'and who is listening, so that the sender knows at once whether to use a push notification.',
      'Without `to`, full mailboxes are skipped and named in `skipped`; it is 429 `mailbox-full` only when all are full. Nobody else ' +
        'in the room is no error: 201 with no recipients.',
      'Send an `Idempotency-Key` and repeat it in retries, and the message is stored once.',
    ].join('\n\n'),
    security: 'participant',
    headers: ['Idempotency-Key'],
    body: { schema: 'sendMessage', required: true, example: examples.sendRequest, maxBytes: 'message' },
    success: {
      status: 201,
      description: 'Stored.',
      schema: receipt,
      headers: ['Idempotency-Replayed'],
      example: examples.receipt,
    },
    problems: SEND_PROBLEMS,
  },
  sendMessages: {
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages/batch',
    tag: 'messages',
    summary: 'Send several messages',
    description:
      `One to ${MAX_SEND_BATCH} messages that are stored together, in their order, or not at all: any fault, unknown recipient or full mailbox ` +
      'refuses the whole batch, with a pointer to the message. Candidates found together travel best like this.',
    security: 'participant',
    headers: ['Idempotency-Key'],
    body: { schema: 'sendMessages', required: true, example: examples.sendBatchRequest, maxBytes: 'batch' },
    success: {
      status: 201,
      description: 'All stored.',
      schema: receiptList,
      headers: ['Idempotency-Replayed'],
      example: examples.receipts,
    },
    problems: SEND_PROBLEMS,
  },
  receiveMessages: {
    method: 'GET',
    path: '/v1/rooms/{roomId}/messages',
    tag: 'messages',
    summary: 'Poll for messages',
    description: `${POLL}\n\nBrowsers do better with \`pollMessages\`: they cache a CORS preflight per full URL.`,
    security: 'participant',
    query: 'receiveQuery',
    success: POLLED,
    problems: POLL_PROBLEMS,
  },
  pollMessages: {
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages/poll',
    tag: 'messages',
    summary: 'Poll for messages, by POST',
    description:
      `${POLL}\n\nThe same as \`receiveMessages\` in every respect, but with a URL that never changes: one CORS preflight serves all ` +
      'polls, and no proxy caches or repeats it.',
    security: 'participant',
    body: { schema: 'pollMessages', required: false, example: examples.pollRequest, maxBytes: MAX_FEW_FIELDS_BYTES },
    success: POLLED,
    problems: [...POLL_PROBLEMS, ...WITH_BODY],
  },
  acknowledgeMessages: {
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages/ack',
    tag: 'messages',
    summary: 'Acknowledge messages',
    description:
      'Drops everything up to `cursor`, as the `after` of the next poll would; for a client that will not poll again soon. At or ' +
      'behind what is acknowledged already, it does nothing.',
    security: 'participant',
    body: {
      schema: 'acknowledgeMessages',
      required: true,
      example: examples.ackRequest,
      maxBytes: MAX_FEW_FIELDS_BYTES,
    },
    success: { status: 204, description: 'Acknowledged.' },
    problems: [...WITH_CREDENTIAL, ...WITH_BODY, 'invalid-cursor', 'cursor-expired'],
  },
} as const satisfies Record<string, Operation>;
