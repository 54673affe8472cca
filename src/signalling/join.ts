import { admit, type Admission, type JoinPolicy, type JoinRequest } from './access.ts';
import type { Credential } from './credentials.ts';
import { encodeCursor } from './cursor.ts';
import { isPromise, type Awaitable } from './deferred.ts';
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
export function join(
  context: JoinContext,
  request: JoinRequest,
  credential: Credential,
  idempotency: Idempotency | undefined,
): PromiseLike<JoinOutcome> {
  const admission = admit(request, credential, context.policy);
  const { participantId = newParticipantId(), proof, profile } = admission;
  const scoped =
    idempotency &&
    joinScope({ roomId: request.roomId, participantId: request.participantId, caller: admission.caller }, idempotency);
  const minted = mintToken();
  const { roomId, resume } = request;
  const place = { roomId, participantId, mailboxId: newMailboxId() };
  const joined = performCharged(context, { ...admission, place, keyScope: scoped?.scope }, () =>
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
  return joined.then(({ mailbox, acknowledged, ...outcome }) => {
    const cursor = encodeCursor({ mailboxId: mailbox.mailboxId, position: acknowledged });
    return { mailbox, token: minted.token, cursor, ...outcome };
  });
}

interface Attempt extends Pick<Admission, 'rateLimitKey' | 'countedFor'> {
  /** The mailbox that the join creates unless it resumes. */
  readonly place: Mailbox;
  readonly keyScope: string | undefined;
}

type Perform = () => PromiseLike<Joined>;

function performCharged(context: JoinContext, attempt: Attempt, perform: Perform): PromiseLike<Joined> {
  const { limiter, perAddress } = context;
  const { rateLimitKey } = attempt;
  if (rateLimitKey === undefined) return perform();
  const charge = (atLimit: SignallingError | undefined): PromiseLike<Joined> => {
    const refusal = atLimit ?? limiter.consume(rateLimitKey);
    if (refusal !== undefined) return replayOrRefuse(context, attempt, refusal, perform);
    return performCounted(context, { ...attempt, rateLimitKey }, perform);
  };
  const counted = count(perAddress, attempt);
  return isPromise(counted) ? counted.then(charge) : charge(counted);
}

/**
 * The first retries of a completed join are free, also when the limit is exceeded. Only in that case the store is asked
 * whether this is a retry, so that an ordinary join costs no extra round trip.
 */
async function replayOrRefuse(
  { freeReplays, perAddress, store }: JoinContext,
  { place, keyScope }: Attempt,
  refusal: SignallingError,
  perform: Perform,
): Promise<Joined> {
  perAddress?.remove(place.mailboxId);
  const isReplay = keyScope !== undefined && (await store.knowsJoin(place.roomId, keyScope));
  if (isReplay && freeReplays.take(keyScope)) return perform();
  throw refusal;
}

/** @returns the refusal when the client address is at its limit of participants */
function count(
  perAddress: ParticipantsPerAddress | undefined,
  { countedFor, place }: Attempt,
): Awaitable<SignallingError | undefined> {
  if (perAddress === undefined || countedFor === undefined) return undefined;
  if (countedFor.isNew) return perAddress.enter(countedFor.address, place);
  perAddress.add(countedFor.address, place);
  return undefined;
}

/** Stops counting the mailbox unless the join created it; gives the charge of a free replay back. */
function performCounted(
  { limiter, freeReplays, perAddress }: JoinContext,
  { place: { mailboxId }, keyScope, rateLimitKey }: Attempt & { readonly rateLimitKey: string },
  perform: Perform,
): PromiseLike<Joined> {
  return perform().then(
    (joined) => {
      if (joined.mailbox.mailboxId === mailboxId) perAddress?.confirm(mailboxId);
      else perAddress?.remove(mailboxId);
      if (joined.replayed && keyScope !== undefined && freeReplays.take(keyScope)) limiter.refund(rateLimitKey);
      return joined;
    },
    (error: unknown) => {
      perAddress?.remove(mailboxId);
      throw error;
    },
  );
}
