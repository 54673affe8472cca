import type { z } from 'zod';
import type { WireBounds } from './bounds.ts';
import { queryOf } from './fields.ts';
import { pollRequests } from './poll.ts';
import { listRooms, roomRequests } from './room.ts';
import { sendRequests } from './send.ts';

/** Schemas of all that clients may send, under the bounds of one server. All envelopes are strict. */
export function requestSchemas(bounds: WireBounds) {
  return { ...roomRequests(bounds), listRooms, ...sendRequests(bounds), ...pollRequests(bounds) };
}

export type RequestSchemas = ReturnType<typeof requestSchemas>;
export type RequestName = keyof RequestSchemas;

/** The same requests, read from the text of a query. */
export const querySchemas = ({ pollMessages, listRooms }: RequestSchemas) => ({
  pollMessages: queryOf(pollMessages, ['wait', 'limit']),
  listRooms: queryOf(listRooms, ['limit']),
});

export type QuerySchemas = ReturnType<typeof querySchemas>;
export type QueryName = keyof QuerySchemas;

export type JoinRequest = z.output<RequestSchemas['joinRoom']>;
/** One message as sent. */
export type SendRequest = z.output<RequestSchemas['sendMessage']>;
export type SendBatchRequest = z.output<RequestSchemas['sendMessages']>;
/** A poll with its defaults filled in; the same from the query and from the body. */
export type PollRequest = z.output<RequestSchemas['pollMessages']>;
export type AckRequest = z.output<RequestSchemas['acknowledgeMessages']>;
