import { hash } from 'node:crypto';
import type { ParticipantId, RoomId } from './ids.ts';

/** The `Idempotency-Key` of a request, and a fingerprint of its body. */
export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

/** The form in which the store records it. */
export interface ScopedIdempotency {
  readonly scope: string;
  readonly fingerprint: string;
}

// A key belongs to one operation of one caller, so its scope names both. The store adds the sender's mailbox to the
// scope of a send. A join has no mailbox yet, so its scope names the caller.

export const sendScope = (operation: string, { key, fingerprint }: Idempotency): ScopedIdempotency => ({
  scope: `${operation}:${key}`,
  fingerprint,
});

export interface JoinCaller {
  readonly roomId: RoomId;
  readonly participantId: ParticipantId | undefined;
  /** See `Admission.caller`. */
  readonly caller: string;
}

export const joinScope = (
  { roomId, participantId, caller }: JoinCaller,
  { key, fingerprint }: Idempotency,
): ScopedIdempotency => ({ scope: digest(['join', roomId, participantId ?? '', caller, key]), fingerprint });

/** SHA-256 of the JSON text, which keeps the boundaries of parts unambiguous, whatever characters they contain. */
const digest = (json: unknown): string => hash('sha256', JSON.stringify(json), 'base64url');

/** Equal for bodies that differ only in white space or in the order of keys. */
export const fingerprint = (json: unknown): string => digest(sorted(json));

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  const pairs = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  // A plain object would reorder integer-like keys and lose `__proto__`; a plain array would make `{}` equal to `[]`.
  return { pairs: pairs.map(([key, value]) => [key, sorted(value)]) };
}
