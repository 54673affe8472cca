import { randomBytes, randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type RoomId = Brand<string, 'RoomId'>;
export type ParticipantId = Brand<string, 'ParticipantId'>;
/** One incarnation of a participant's mailbox. Random, so that a store rolled back to an older copy cannot issue it twice. */
export type MailboxId = Brand<string, 'MailboxId'>;
export type MessageId = Brand<string, 'MessageId'>;
/** JSON text that was parsed once at the edge and is passed on untouched from then on. */
export type JsonText = Brand<string, 'JsonText'>;
export type { Brand };

/** That many random bytes, in base64url. */
export const randomText = (bytes: number): string => randomBytes(bytes).toString('base64url');

/** 128 random bits: in open mode, knowing a participant's id must not help to guess another's. */
export const newParticipantId = (): ParticipantId => randomText(16) as ParticipantId;

/** 72 random bits: unique over all mailboxes that a store ever held; not a secret. */
export const newMailboxId = (): MailboxId => randomText(9) as MailboxId;

/** UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then the 74 random bits of a UUIDv4, which Node keeps in stock. */
export function newMessageId(unixMs: number): MessageId {
  const time = unixMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as MessageId;
}

/** Outside the pattern of public room ids, so that no caller can name such a room. */
const RESERVED = '~';

/** The room in which the service sends messages to itself, to check that they arrive. */
export const CANARY_ROOM = `${RESERVED}canary` as RoomId;

/** Rooms of the service itself: in no list and no count, and no limit applies to them. */
export const isReserved = (roomId: RoomId): boolean => roomId.startsWith(RESERVED);
