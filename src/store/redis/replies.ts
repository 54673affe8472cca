import { z } from 'zod';
import type { JsonText, MailboxId, ParticipantId } from '../../signalling/ids.ts';
import type { Participant } from '../../signalling/message.ts';
import type { TokenDigest } from '../../signalling/tokens.ts';
import { goneReason } from './records.ts';

// Schemas of the scripts' replies. The header of each script describes its reply.

const text = z.string();
const number = z.coerce.number();
const flag = z.enum(['0', '1']).transform((value) => value === '1');
const participantId = text.transform((id) => id as ParticipantId);
const mailboxId = text.transform((id) => id as MailboxId);
const maybe = z.nullable(text).transform((value) => value ?? undefined);

/** Reply of every room script: status, schedule, and the own result of the script. */
export const RoomReply = z.tuple([text, z.array(text)], z.unknown());

const roster = z.array(
  z
    .tuple([participantId, maybe, maybe, number, flag])
    .transform(([id, name, metadata, joinedAtMs, listening]): Participant => ({
      participantId: id,
      ...(name !== undefined && { displayName: name }),
      ...(metadata !== undefined && { metadata: metadata as JsonText }),
      joinedAtMs,
      listening,
    })),
);

const departure = text.transform((line) => {
  const [id, mailbox, reason, unread] = z.tuple([participantId, mailboxId, goneReason, number]).parse(line.split(' '));
  return { participantId: id, mailboxId: mailbox, reason, unread };
});
const departures = z.array(departure);

const expiration = text.transform((line) => {
  const [id, mailbox, position] = z.tuple([participantId, mailboxId, number]).parse(line.split(' '));
  return { participantId: id, mailboxId: mailbox, position };
});
const expirations = z.array(expiration);

export type Departure = z.output<typeof departure>;
export type Expiration = z.output<typeof expiration>;

export const Joined = z
  .tuple([participantId, mailboxId, number, number, flag, flag, roster, departures])
  .transform(([id, mailbox, acknowledged, idleTimeoutMs, resumed, replayed, participants, gone]) => ({
    participantId: id,
    mailboxId: mailbox,
    acknowledged,
    idleTimeoutMs,
    resumed,
    replayed,
    participants,
    departures: gone,
  }));
export const Appended = z.tuple([flag, text]);
export const Read = z.tuple([number, number, number, flag, z.array(text)]);
/** Acknowledged position, then head. */
export const Position = z.tuple([number, number]);
export const Expirations = z.tuple([expirations]);
export const Departures = z.tuple([departures]);
export const Swept = z.tuple([departures, expirations]);
export const Roster = z.tuple([roster]);
export const Summary = z.tuple([number, text]);
export const Known = z.tuple([flag]);
export const Held = z.tuple([number, flag, flag]);

const owned = { digest: text.transform((digest) => digest as TokenDigest), participantId };
export const Token = z.union([
  z.tuple([]).transform(() => undefined),
  z
    .tuple([owned.digest, participantId, z.enum(['fresh', 'used']), mailboxId, number])
    .transform(([digest, id, state, mailbox, fencingToken]) => ({
      digest,
      participantId: id,
      state,
      mailboxId: mailbox,
      fencingToken,
    })),
  z
    .tuple([owned.digest, participantId, z.literal('replaced')])
    .transform(([digest, id, state]) => ({ digest, participantId: id, state })),
  z
    .tuple([owned.digest, participantId, z.literal('gone'), goneReason])
    .transform(([digest, id, state, reason]) => ({ digest, participantId: id, state, reason })),
]);

/** Epoch; start of idle times (shared ms); Redis's clock (ms); offset of the shared time from Redis's clock. */
export const Heartbeat = z.tuple([text, number, number, text]);
export const Offset = text;
export const Names = z.array(text);
export const Counts = z.tuple([number, number]);
