import { batch, MAX_SEND_BATCH, receipt, receiptList } from '../../wire/index.ts';
import * as examples from './examples.ts';
import { MAX_FEW_FIELDS_BYTES, type Operation } from './operation.ts';

/** Each of these ends in a call of the store that checks the mailbox again, so the token may come from a cache. */
const OF_A_MAILBOX = { tag: 'messages', audience: 'public', security: 'participant', allowCachedToken: true } as const;

const SEND = { ...OF_A_MAILBOX, method: 'POST', isIdempotent: true } as const;
const SEND_PROBLEMS = ['recipient-not-found', 'mailbox-full'] as const;

const POLL = { ...OF_A_MAILBOX, isPoll: true, refusedWhileDraining: true } as const;
const POLL_PROBLEMS = ['invalid-cursor', 'poll-superseded', 'cursor-expired', 'too-many-polls'] as const;

const POLLING =
  'Returns what is pending at once, or holds the request until a message arrives or `wait` is over; an empty batch is a normal answer. ' +
  'Reading takes nothing away: a message stays until the cursor behind it comes back. So a lost reply costs nothing, just ask again with ' +
  'the same `after`. One poll per mailbox: a newer one ends the older with 409 `poll-superseded`.';

const POLLED = {
  status: 200,
  description: 'The pending messages, or an empty batch when the window is over.',
  schema: batch,
  example: examples.batch,
} as const;

export const messageOperations = {
  sendMessage: {
    ...SEND,
    path: '/v1/rooms/{roomId}/messages',
    summary: 'Send a message',
    description: [
      'To one participant, or without `to` to everyone else in the room. 201 means stored; `recipients` tells whose mailbox holds it ' +
        'and who is listening, so that the sender knows at once whether to use a push notification.',
      'Without `to`, full mailboxes are skipped and named in `skipped`; it is 429 `mailbox-full` only when all are full. Nobody else ' +
        'in the room is no error: 201 with no recipients.',
      'Send an `Idempotency-Key` and repeat it in retries, and the message is stored once.',
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
      `One to ${MAX_SEND_BATCH} messages that are stored together, in their order, or not at all: any fault, unknown recipient or full mailbox ` +
      'refuses the whole batch, with a pointer to the message. Candidates found together travel best like this.',
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
    description: `${POLLING}\n\nBrowsers do better with \`pollMessages\`: they cache a CORS preflight per full URL.`,
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
      `${POLLING}\n\nThe same as \`receiveMessages\` in every respect, but with a URL that never changes: one CORS preflight serves all ` +
      'polls, and no proxy caches or repeats it.',
    body: { schema: 'pollMessages', required: false, example: examples.pollRequest, maxBytes: MAX_FEW_FIELDS_BYTES },
    success: POLLED,
    problems: POLL_PROBLEMS,
  },
  acknowledgeMessages: {
    ...OF_A_MAILBOX,
    method: 'POST',
    path: '/v1/rooms/{roomId}/messages/ack',
    summary: 'Acknowledge messages',
    description:
      'Drops everything up to `cursor`, as the `after` of the next poll would; for a client that will not poll again soon. At or ' +
      'behind what is acknowledged already, it does nothing.',
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
