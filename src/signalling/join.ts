import { admit, type JoinPolicy, type JoinRequest } from './admit.ts';
import type { Credential } from './credential.ts';
import { encodeCursor } from './cursor.ts';
import { digest } from './fingerprint.ts';
import type { FreeReplays } from './free-replays.ts';
import { newMailboxId, newParticipantId, type RoomId } from './ids.ts';
import type { Mailbox, Participant } from './message.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Joined, SignallingStore } from './store.ts';
import { mintToken } from './tokens.ts';

/** A client's key for one request and what the request said; see `Idempotency-Key`. */
export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

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
  readonly store: SignallingStore;
  readonly policy: JoinPolicy;
  readonly limiter: RateLimiter;
  readonly freeReplays: FreeReplays;
  readonly defaultIdleTimeoutMs: number;
}

/** @throws SignallingError what `admit`, the limiter and the store refuse with */
export async function join(
  context: JoinContext,
  request: JoinRequest,
  credential: Credential,
  idempotency: Idempotency | undefined,
): Promise<JoinOutcome> {
  const {
    participantId = newParticipantId(),
    proof,
    profile,
    scope,
    payer,
  } = admit(request, credential, context.policy);
  const kept = idempotency && {
    scope: digest('join', request.roomId, request.participantId ?? '', scope, idempotency.key),
    fingerprint: idempotency.fingerprint,
  };
  const minted = mintToken();
  const joined = await charged(context, payer, request.roomId, kept?.scope, () =>
    context.store.join({
      roomId: request.roomId,
      participantId,
      resume: request.resume,
      proof,
      profile,
      defaultIdleTimeoutMs: context.defaultIdleTimeoutMs,
      token: { handle: minted.handle, digest: minted.digest },
      mailboxId: newMailboxId(),
      ...(kept && { idempotency: kept }),
    }),
  );
  const { mailbox, acknowledged, ...outcome } = joined;
  const cursor = encodeCursor({ mailboxId: mailbox.mailboxId, position: acknowledged });
  return { mailbox, token: minted.token, cursor, ...outcome };
}

/**
 * The first retries of a join that was done cost nothing, and get their answer however little is left. Only when nothing is left is
 * the store asked beforehand, so that an ordinary join costs no further round trip.
 */
async function charged(
  { limiter, freeReplays, store }: JoinContext,
  payer: string | undefined,
  roomId: RoomId,
  scope: string | undefined,
  perform: () => Promise<Joined>,
): Promise<Joined> {
  if (payer === undefined) return perform();
  const refusal = limiter.charge(payer);
  if (refusal !== undefined) {
    const isReplay = scope !== undefined && (await store.knowsJoin(roomId, scope));
    if (isReplay && freeReplays.take(scope)) return perform();
    throw refusal;
  }
  const joined = await perform();
  if (joined.replayed && scope !== undefined && freeReplays.take(scope)) limiter.refund(payer);
  return joined;
}
