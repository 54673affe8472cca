import { z } from 'zod';
import {
  DEFAULT_ROOM_PAGE,
  MAX_DISPLAY_NAME_CHARACTERS,
  MAX_METADATA_BYTES,
  MAX_ROOM_PAGE,
  type WireBounds,
} from './bounds.ts';
import { envelope, flag, isObject, must, omittable, text, timestamp, wholeNumber } from './fields.ts';
import { cursor, participantId, roomId, ROOM_ID_PATTERN } from './ids.ts';

const displayName = text(0, MAX_DISPLAY_NAME_CHARACTERS).meta({
  description: 'A name for people to read.',
  examples: ['Alice'],
});

export type JsonObject = Record<string, unknown>;

/** Checked but never copied: a copy would lose a key such as `__proto__`. */
const metadata = z
  .custom<JsonObject>(isObject, 'must be an object')
  .refine(
    (value) => jsonBytes(value) <= MAX_METADATA_BYTES,
    `must be at most ${String(MAX_METADATA_BYTES)} bytes of JSON`,
  )
  .meta({
    description: `Data of the app about the participant, for the others in the room: an object of at most ${String(MAX_METADATA_BYTES)} bytes of JSON.`,
    type: 'object',
    additionalProperties: true,
    examples: [{ role: 'host' }],
  });

function jsonBytes(value: JsonObject): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return Infinity; // nested too deeply for JSON.stringify, so certainly too large
  }
}

export function roomRequests({ maxIdleTimeoutSeconds, defaultIdleTimeoutSeconds }: WireBounds) {
  const joinRoom = envelope({
    participantId: omittable(participantId),
    displayName: omittable(displayName),
    metadata: omittable(metadata),
    idleTimeoutSeconds: omittable(
      wholeNumber(1, maxIdleTimeoutSeconds).meta({
        description:
          `How long after its last request the participant is removed; ${String(defaultIdleTimeoutSeconds)} when omitted. A held poll ` +
          'counts as a request. A server that lets anyone join allows at most 300.',
        examples: [60],
      }),
    ),
    resume: omittable(
      flag.meta({
        description:
          'Keep the mailbox of the participant if it is still in the room, instead of starting with an empty one. Send its token in ' +
          '`Authorization`.',
        examples: [false],
      }),
    ),
  }).meta({ id: 'JoinRequest', description: 'All fields are optional, and so is the body.' });
  const leaveRoomByPost = envelope({}).meta({
    id: 'LeaveRequest',
    description: 'An empty object: leaving takes no fields.',
  });
  return { joinRoom, leaveRoomByPost };
}

export const participantView = z
  .object({
    participantId,
    displayName: displayName.exactOptional(),
    metadata: metadata.exactOptional(),
    joinedAt: timestamp,
    listening: z.boolean().meta({
      description:
        'True while a poll is held, and for 5 s after a poll was answered with 200. When the connection of a held poll closes, ' +
        'it becomes false unless another poll arrives within 1 s. While it is false, consider a push notification.',
      examples: [true],
    }),
  })
  .meta({ id: 'Participant', description: 'One client in a room, as the others see it.' });

export const participantList = z
  .object({ participants: z.array(participantView).meta({ description: 'In the order of joining.' }) })
  .meta({ id: 'ParticipantList', description: 'The roster of a room.' });

const iceServer = z
  .object({
    urls: z
      .array(z.string())
      .meta({ description: 'STUN or TURN URLs.', examples: [['turn:turn.example.org:3478?transport=tcp']] }),
    username: z
      .string()
      .meta({
        description: 'For TURN servers. Begins with the Unix time at which it expires.',
        examples: ['1795339800:alice'],
      })
      .exactOptional(),
    credential: z
      .string()
      .meta({ description: 'For TURN servers.', examples: ['pUvT0XJ6rJ4mVb1Gf2xYp6mJxkE='] })
      .exactOptional(),
  })
  .meta({ id: 'IceServer', description: 'One `RTCIceServer`, ready for `new RTCPeerConnection({ iceServers })`.' });

const iceServers = z.array(iceServer).meta({ description: 'Empty when the operator has configured none.' });

export const iceServersResult = z
  .object({
    iceServers,
    ttlSeconds: z
      .int()
      .min(0)
      .meta({
        description: 'How long the credentials are valid. Request them again before that.',
        examples: [3600],
      }),
  })
  .meta({ id: 'IceServersResult', description: 'STUN and TURN servers for the caller.' });

const bound = (description: string, example: number) =>
  z
    .int()
    .min(0)
    .meta({ description, examples: [example] });

const limits = z
  .object({
    defaultWaitSeconds: bound('`wait` of a poll that omits it.', 25),
    maxWaitSeconds: bound('The highest `wait`; a higher one counts as this.', 50),
    maxSendBatch: bound('The maximum number of messages in one `sendMessages`.', 32),
    maxReceiveBatch: bound('The maximum number of messages in one batch.', 100),
    maxMessageBytes: bound('The maximum size of one message, in bytes of JSON.', 65_536),
    maxMailboxMessages: bound('The maximum number of messages in a mailbox; further sends to it are refused.', 512),
    defaultTtlSeconds: bound('Lifetime of a message that omits `ttlSeconds`.', 120),
    maxTtlSeconds: bound('The maximum lifetime of a message; at most 300 in open mode.', 86_400),
    idleTimeoutSeconds: bound('How long after its last request this participant is removed.', 60),
  })
  .meta({ id: 'Limits', description: "The server's settings that a client must know." });

export const joinResult = z
  .object({
    roomId,
    participantId,
    token: z.string().meta({
      description: 'Send it in `Authorization: Bearer` from now on, never in a URL. It is shown only once.',
      examples: ['nytjZ-9sRRZE._8Du11xU3vHJx-AO0S250Cv__zCHwsX3'],
    }),
    cursor: cursor.meta({ description: 'The acknowledged position of the mailbox: `after` of the first poll.' }),
    resumed: z.boolean().meta({ description: 'Whether an existing mailbox was kept.', examples: [false] }),
    participants: z.array(participantView).meta({ description: 'Everyone in the room, including the caller.' }),
    iceServers,
    limits,
  })
  .meta({ id: 'JoinResult', description: 'Everything that a client needs to start polling and sending.' });

/** Sent as a query; described with a number for `limit`. */
export const listRooms = envelope({
  after: z
    .string(must('text'))
    .regex(ROOM_ID_PATTERN, 'must be the `next` of a page')
    .exactOptional()
    .meta({
      description: 'The `next` of the previous page. Without it, the first page is returned.',
      examples: ['blue-door-4821'],
    }),
  limit: wholeNumber(1, MAX_ROOM_PAGE)
    .meta({ examples: [DEFAULT_ROOM_PAGE] })
    .optional()
    .transform((value) => value ?? DEFAULT_ROOM_PAGE)
    .meta({ description: `The maximum number of rooms; ${String(DEFAULT_ROOM_PAGE)} when omitted.` }),
});

const room = z
  .object({
    roomId,
    participants: z
      .int()
      .min(1)
      .meta({ description: 'The number of participants.', examples: [2] }),
    createdAt: timestamp,
  })
  .meta({ id: 'Room', description: 'A room, as operators see it.' });

export const roomList = z
  .object({
    rooms: z.array(room).meta({ description: 'In the order of their ids.' }),
    next: z
      .string()
      .meta({ description: 'The `after` of the next page. Absent on the last page.', examples: ['blue-door-4821'] })
      .exactOptional(),
  })
  .meta({ id: 'RoomList', description: 'One page of rooms.' });

/** The claims of an access token that are used once its signature and times are verified. Others are ignored. */
export const accessTokenClaims = z.object({
  sub: participantId,
  room: z.union([z.literal('*'), roomId], must('a room id, or `*` for any room')),
  name: displayName.exactOptional(),
  metadata: metadata.exactOptional(),
});

export type ParticipantView = z.output<typeof participantView>;
export type ParticipantList = z.output<typeof participantList>;
export type IceServer = z.output<typeof iceServer>;
export type IceServersResult = z.output<typeof iceServersResult>;
export type Limits = z.output<typeof limits>;
export type JoinResult = z.output<typeof joinResult>;
export type RoomList = z.output<typeof roomList>;
