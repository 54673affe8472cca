import { hash } from 'node:crypto';
import type { ParticipantId, RoomId } from './ids.ts';

/** The `Idempotency-Key` of a request, and a fingerprint of its body. */
export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

/** How the store knows it. */
export interface ScopedIdempotency {
  readonly scope: string;
  readonly fingerprint: string;
}

// A key belongs to one operation of one caller: its scope names both. The store adds the sender's mailbox to the scope of a
// send; a join has no mailbox yet, so its scope says who asks.

export const sendScope = (operation: string, { key, fingerprint }: Idempotency): ScopedIdempotency => ({
  scope: `${operation}:${key}`,
  fingerprint,
});

/** A join of one caller into one room, under the participant id that the request names. */
export interface JoinCaller {
  readonly roomId: RoomId;
  readonly participantId: ParticipantId | undefined;
  /** Distinguishes the callers. */
  readonly caller: string;
}

export const joinScope = (
  { roomId, participantId, caller }: JoinCaller,
  { key, fingerprint }: Idempotency,
): ScopedIdempotency => ({ scope: digest('join', roomId, participantId ?? '', caller, key), fingerprint });

/** SHA-256 over parts that may contain anything: each is length-prefixed by its JSON form. */
const digest = (...parts: readonly string[]): string => hash('sha256', JSON.stringify(parts), 'base64url');

/** The same for bodies that are the same JSON, whatever their spacing and the order of their keys. */
export const fingerprint = (json: unknown): string => hash('sha256', JSON.stringify(sorted(json)), 'base64url');

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  const pairs = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  // Of an object's own form, integer-like keys and `__proto__` would change place or vanish; of an array's, `{}` would be `[]`.
  return { pairs: pairs.map(([key, value]) => [key, sorted(value)]) };
}
