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

/** The JSON text keeps the boundaries of parts unambiguous, whatever characters they contain. */
export const joinScope = (
  { roomId, participantId, caller }: JoinCaller,
  { key, fingerprint }: Idempotency,
): ScopedIdempotency => ({
  scope: sha256(JSON.stringify(['join', roomId, participantId ?? '', caller, key])),
  fingerprint,
});

const sha256 = (text: string): string => hash('sha256', text, 'base64url');

/** Equal for bodies that are equal byte for byte. The prefix names the form, see `isSameBody`. */
export const fingerprint = (body: string): string => `text:${sha256(body)}`;

/**
 * Whether a request under a known key repeats the body of the first. Version 0.1.0 kept fingerprints of another form,
 * without a prefix, which cannot be compared: for 600 s after an upgrade, a key from before it stands for any body.
 */
export const isSameBody = (kept: string, given: string): boolean => kept === given || formOf(kept) !== formOf(given);

const formOf = (known: string): string => known.slice(0, known.indexOf(':') + 1);
