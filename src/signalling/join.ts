import { admit, type Admission, type JoinPolicy, type JoinRequest } from './access.ts';
import type { Credential } from './credentials.ts';
import { encodeCursor } from './cursor.ts';
import type { SignallingError } from './errors.ts';
import type { FreeReplays } from './free-replays.ts';
import { joinScope, type Idempotency } from './idempotency.ts';
import { newMailboxId, newParticipantId } from './ids.ts';
import type { Mailbox, Participant } from './message.ts';
import type { ParticipantsPerAddress } from './participants-per-address.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Joined, SignallingStore } from './store.ts';
import { mintToken } from './tokens.ts';

export interface JoinOutcome {
  readonly mailbox: Mailbox;
  readonly token: string;
  readonly cursor: string;
  readonly resumed: boolean;
  readonly replayed: boolean;
  readonly idleTimeoutMs: number;
  readonly participants: readonly Participant[];
}

export interface JoinContext {
  readonly store: Pick<SignallingStore, 'join' | 'knowsJoin'>;
  readonly policy: JoinPolicy;
  readonly limiter: RateLimiter;
  readonly freeReplays: FreeReplays;
  /** Absent: unlimited. */
  readonly perAddress: ParticipantsPerAddress | undefined;
  readonly defaultIdleTimeoutMs: number;
}

/** @throws SignallingError the refusals of `admit`, of the limits and of the store */
export async function join(
  context: JoinContext,
  request: JoinRequest,
  credential: Credential,
  idempotency: Idempotency | undefined,
): Promise<JoinOutcome> {
  const admission = admit(request, credential, context.policy);
  const { participantId = newParticipantId(), proof, profile } = admission;
  const scoped =
    idempotency &&
    joinScope({ roomId: request.roomId, participantId: request.participantId, caller: admission.caller }, idempotency);
  const minted = mintToken();
  const { roomId, resume } = request;
  const place = { roomId, participantId, mailboxId: newMailboxId() };
  const joined = await performCharged(context, { ...admission, place, keyScope: scoped?.scope }, () =>
    context.store.join({
      ...place,
      resume,
      proof,
      profile,
      defaultIdleTimeoutMs: context.defaultIdleTimeoutMs,
      token: { handle: minted.handle, digest: minted.digest },
      ...(scoped && { idempotency: scoped }),
    }),
  );
  const { mailbox, acknowledged, ...outcome } = joined;
  const cursor = encodeCursor({ mailboxId: mailbox.mailboxId, position: acknowledged });
  return { mailbox, token: minted.token, cursor, ...outcome };
}

interface Attempt extends Pick<Admission, 'rateLimitKey' | 'countedFor'> {
  /** The mailbox that the join creates unless it resumes. */
  readonly place: Mailbox;
  readonly keyScope: string | undefined;
}

/**
 * The first retries of a completed join are free, also when the limit is exceeded. Only in that case the store is asked
 * whether this is a retry, so that an ordinary join costs no extra round trip.
 */
async function performCharged(context: JoinContext, attempt: Attempt, perform: () => Promise<Joined>): Promise<Joined> {
  const { limiter, freeReplays, perAddress, store } = context;
  const { rateLimitKey, place, keyScope } = attempt;
  if (rateLimitKey === undefined) return perform();
  const refusal = (await count(perAddress, attempt)) ?? limiter.consume(rateLimitKey);
  if (refusal !== undefined) {
    perAddress?.remove(place.mailboxId);
    const isReplay = keyScope !== undefined && (await store.knowsJoin(place.roomId, keyScope));
    if (isReplay && freeReplays.take(keyScope)) return perform();
    throw refusal;
  }
  const joined = await confirmCounted(perAddress, place, perform);
  if (joined.replayed && keyScope !== undefined && freeReplays.take(keyScope)) limiter.refund(rateLimitKey);
  return joined;
}

/** @returns the refusal when the client address is at its limit of participants */
async function count(
  perAddress: ParticipantsPerAddress | undefined,
  { countedFor, place }: Attempt,
): Promise<SignallingError | undefined> {
  if (perAddress === undefined || countedFor === undefined) return undefined;
  if (countedFor.isNew) return perAddress.enter(countedFor.address, place);
  perAddress.add(countedFor.address, place);
  return undefined;
}

/** Stops counting the mailbox unless the join created it. */
async function confirmCounted(
  perAddress: ParticipantsPerAddress | undefined,
  { mailboxId }: Mailbox,
  perform: () => Promise<Joined>,
): Promise<Joined> {
  try {
    const joined = await perform();
    if (joined.mailbox.mailboxId === mailboxId) perAddress?.confirm(mailboxId);
    else perAddress?.remove(mailboxId);
    return joined;
  } catch (error) {
    perAddress?.remove(mailboxId);
    throw error;
  }
}
