import { randomFillSync, randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type RoomId = Brand<string, 'RoomId'>;
export type ParticipantId = Brand<string, 'ParticipantId'>;
/** One incarnation of a participant's mailbox. Random, so that a store that was rolled back cannot issue it twice. */
export type MailboxId = Brand<string, 'MailboxId'>;
export type MessageId = Brand<string, 'MessageId'>;
/** JSON text that was validated when the request was parsed, and is passed on unchanged. */
export type JsonText = Brand<string, 'JsonText'>;
export type { Brand };

const entropy = Buffer.alloc(4_096);
let unused = 0;

/**
 * Every random byte is used once.
 * perf: one call of the system for some 250 texts; each call took 5 us.
 */
export function randomText(bytes: number): string {
  if (unused < bytes) {
    randomFillSync(entropy);
    unused = entropy.length;
  }
  unused -= bytes;
  const text = entropy.toString('base64url', unused, unused + bytes);
  entropy.fill(0, unused, unused + bytes);
  return text;
}

/** 128 random bits: in open mode, the id of one participant must not help to guess another's. */
export const newParticipantId = (): ParticipantId => randomText(16) as ParticipantId;

/** 72 random bits: unique among all mailboxes that a store ever held; not a secret. */
export const newMailboxId = (): MailboxId => randomText(9) as MailboxId;

/** UUIDv7 (RFC 9562, section 5.7). Its 74 random bits come from a UUIDv4, because Node caches entropy for those. */
export function newMessageId(unixMs: number): MessageId {
  const time = unixMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as MessageId;
}

/** Not allowed in public room ids, so that requests cannot name such a room. */
const RESERVED = '~';

/** The room of `Canary`. */
export const CANARY_ROOM = `${RESERVED}canary` as RoomId;

/** The service's own rooms: lists and counts leave them out, and no limit applies to them. */
export const isReserved = (roomId: RoomId): boolean => roomId.startsWith(RESERVED);
