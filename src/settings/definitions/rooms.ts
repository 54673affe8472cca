import { wholeNumber } from '../parsers.ts';
import type { Definitions } from '../definition.ts';

/** Upper bound of message lifetimes; long enough for a callee whose device is switched off. */
const WEEK_SECONDS = 604_800;
const DAY_SECONDS = 86_400;
const polling = 'Polling';
const rooms = 'Rooms and mailboxes';

export const roomSettings = {
  defaultWaitSeconds: {
    name: 'DEFAULT_WAIT_SECONDS',
    group: polling,
    default: '25',
    parser: wholeNumber(1, 300),
    about: 'Hold time of a poll without `wait`.',
  },
  maxWaitSeconds: {
    name: 'MAX_WAIT_SECONDS',
    group: polling,
    default: '50',
    parser: wholeNumber(1, 300),
    about: 'Maximum hold time; a longer `wait` is lowered to it. Keep it below the response timeouts of your proxies.',
  },
  maxHeldPolls: {
    name: 'MAX_HELD_POLLS',
    group: polling,
    default: '50000',
    parser: wholeNumber(1, 1_000_000),
    about: 'Maximum number of held polls and sockets per process; the next one gets 429.',
  },
  maxParticipantsPerRoom: {
    name: 'MAX_PARTICIPANTS_PER_ROOM',
    group: rooms,
    default: '32',
    parser: wholeNumber(1, 1000),
    about: 'Maximum number of participants per room; the next join gets 409.',
  },
  maxMessageBytes: {
    name: 'MAX_MESSAGE_BYTES',
    group: rooms,
    default: '65536',
    parser: wholeNumber(256, 1_048_576),
    about: 'Maximum JSON size of one message; a batch may be 8 times as large.',
  },
  maxMailboxMessages: {
    name: 'MAX_MAILBOX_MESSAGES',
    group: rooms,
    default: '512',
    parser: wholeNumber(1, 100_000),
    about: 'Maximum number of pending messages per mailbox; the next send to it gets 429.',
  },
  maxMailboxBytes: {
    name: 'MAX_MAILBOX_BYTES',
    group: rooms,
    default: '524288',
    parser: wholeNumber(256, 1_073_741_824),
    about: 'Maximum size of pending messages per mailbox; the next send to it gets 429.',
  },
  defaultTtlSeconds: {
    name: 'DEFAULT_TTL_SECONDS',
    group: rooms,
    default: '120',
    parser: wholeNumber(1, WEEK_SECONDS),
    about: 'Lifetime of a message without `ttlSeconds`; at most 300 in open mode.',
  },
  maxTtlSeconds: {
    name: 'MAX_TTL_SECONDS',
    group: rooms,
    default: '86400',
    parser: wholeNumber(1, WEEK_SECONDS),
    about: 'Maximum `ttlSeconds` of a message; at most 300 in open mode.',
  },
  defaultIdleTimeoutSeconds: {
    name: 'DEFAULT_IDLE_TIMEOUT_SECONDS',
    group: rooms,
    default: '60',
    parser: wholeNumber(1, DAY_SECONDS),
    about: 'A participant leaves after this long without a request; at most 300 in open mode.',
  },
  maxIdleTimeoutSeconds: {
    name: 'MAX_IDLE_TIMEOUT_SECONDS',
    group: rooms,
    default: '86400',
    parser: wholeNumber(1, DAY_SECONDS),
    about: 'Maximum `idleTimeoutSeconds` of a join; at most 300 in open mode.',
  },
} as const satisfies Definitions;
