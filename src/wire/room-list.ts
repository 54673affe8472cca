import { z } from 'zod';
import { DEFAULT_ROOM_PAGE, MAX_ROOM_PAGE } from './bounds.ts';
import { decimal, envelope, once, timestamp, wholeNumber } from './fields.ts';
import { roomId, ROOM_ID_PATTERN } from './ids.ts';

const after = once('text').regex(ROOM_ID_PATTERN, 'must be the `next` of a page').exactOptional();
const limit = decimal(`a whole number from 1 to ${String(MAX_ROOM_PAGE)}`, 1, MAX_ROOM_PAGE)
  .optional()
  .transform((value) => value ?? DEFAULT_ROOM_PAGE);

export const roomListRequests = () => ({ listRoomsQuery: envelope({ after, limit }, 'parameter') });

/** The same as documented: with a number for what is a number, though a query is all text. */
export const roomListParameters = z.object({
  after: roomId
    .exactOptional()
    .meta({ description: 'The `next` of the page before; without it, the first page.', examples: ['blue-door-4821'] }),
  limit: wholeNumber(1, MAX_ROOM_PAGE)
    .exactOptional()
    .meta({
      description: `At most so many rooms; ${String(DEFAULT_ROOM_PAGE)} when omitted.`,
      examples: [DEFAULT_ROOM_PAGE],
    }),
});

const room = z
  .object({
    roomId,
    participants: z
      .int()
      .min(1)
      .meta({ description: 'How many are in it.', examples: [2] }),
    createdAt: timestamp,
  })
  .meta({ id: 'Room', description: 'A room, as an operator sees it.' });

export const roomList = z
  .object({
    rooms: z.array(room).meta({ description: 'In the order of their ids.' }),
    next: z
      .string()
      .meta({ description: '`after` of the next page; absent on the last one.', examples: ['blue-door-4821'] })
      .exactOptional(),
  })
  .meta({ id: 'RoomList', description: 'One page of the rooms.' });

export type RoomList = z.output<typeof roomList>;
