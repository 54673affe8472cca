import type { JsonObject, ReceivedMessage } from '../wire/index.ts';
import { MAX_ENDED_CALLS, UNKNOWN_CALL_REPLY_MS } from './limits.ts';
import type { Mailbox } from './mailbox.ts';
import { endsCall, fieldsOf } from './messages.ts';

/**
 * Messages that continue a call. Only these are answered when the call is unknown: if an ending were answered, two
 * clients would answer each other for ever.
 */
const CONTINUES_CALL = /^(offer|answer|candidate)$/;

/** Identifies a call. */
export interface CallIdentity {
  /** The other participant. */
  readonly remote: string;
  readonly callId: string | undefined;
  /** The payload of the invite. */
  readonly payload: JsonObject;
}

/** Call ids are compared without the case of ASCII letters: UUIDs are written in both. */
export const normalized = (callId = ''): string => callId.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const isSameCall = (a: string | undefined, b: string | undefined): boolean => normalized(a) === normalized(b);

/** A call of a mesh and a call of the user with the same participant are independent. */
export const isOfMesh = (payload: JsonObject): boolean => payload.mesh === true;

/** Whether the other side sent a message of this call, or an invite that could replace it. */
export function concerns(message: ReceivedMessage, { remote, callId, payload }: CallIdentity): boolean {
  if (message.from !== remote) return false;
  if (message.type === 'invite') return isOfMesh(fieldsOf(message)) === isOfMesh(payload);
  return isSameCall(message.callId, callId);
}

/** Whether a message takes back the invite of this call. */
export function withdraws(message: ReceivedMessage, call: CallIdentity): boolean {
  const { type, callId } = message;
  if (type === 'participant-left') return fieldsOf(message).participantId === call.remote;
  if (!concerns(message, call)) return false;
  return type === 'invite' ? !isSameCall(callId, call.callId) : endsCall(message);
}

/** The calls of one mailbox that have not ended, and the ended calls whose end has reached the other side. */
export class CallRegistry<Call> {
  readonly calls = new Set<Call>();
  readonly #mailbox: Mailbox;
  /** When the other side last learned that a call is over, by participant and call id. */
  readonly #overSinceMs = new Map<string, number>();

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  /**
   * Records that the end of this call has reached the other side.
   * @returns false when it was recorded within the last minute already
   */
  recordOver(remote: string, callId: string | undefined): boolean {
    const key = `${remote}/${normalized(callId)}`;
    const nowMs = this.#mailbox.runtime.now();
    if (nowMs - (this.#overSinceMs.get(key) ?? 0) < UNKNOWN_CALL_REPLY_MS) return false;
    if (this.#overSinceMs.size >= MAX_ENDED_CALLS) this.#overSinceMs.clear();
    this.#overSinceMs.set(key, nowMs);
    return true;
  }

  /** Hangs up a call that is unknown to this side, as after a reload. */
  refuseUnknown(to: string, { type, callId }: ReceivedMessage): void {
    if (!callId || !CONTINUES_CALL.test(type) || !this.recordOver(to, callId)) return;
    const hangup = { type: 'hangup', to, callId, payload: { reason: 'unknown_call' } } as const;
    // If the sender has left, there is no one to inform.
    this.#mailbox.send(hangup).catch(() => undefined);
  }
}
