import type { ReceivedMessage } from '../wire/index.ts';
import type { Mailbox } from './mailbox.ts';

/** What the registry asks of a call. */
interface RegisteredCall {
  /** The other participant. */
  readonly remote: string;
  readonly callId: string | undefined;
}

/** The client answers messages of one unknown call once in this time. */
const TOLD_MS = 60_000;
/** Bounds what a stranger with ever new call ids can make the client remember. */
const MAX_TOLD = 1_000;

/** Upper and lower case of ASCII letters do not tell two calls apart: UUIDs come in both. */
const normalized = (callId = ''): string => callId.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const isSameCall = (a: string | undefined, b: string | undefined): boolean => normalized(a) === normalized(b);

/** The order that decides between two invites that cross: both sides keep the call whose id sorts first. */
export const sortsBefore = (a: string | undefined, b: string | undefined): boolean => normalized(a) < normalized(b);

/** The calls of one mailbox that have not ended, and the answer to messages of calls that it does not know. */
export class CallRegistry<Call extends RegisteredCall> {
  readonly #mailbox: Mailbox;
  /** When the other side last learned that a call is over, by sender and call id. */
  readonly #toldAtMs = new Map<string, number>();
  readonly calls = new Set<Call>();

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  with(remote: string): Call[] {
    return [...this.calls].filter((call) => call.remote === remote);
  }

  /** Tells the other side that a call is over with which it goes on: this side lost it by a reload or a crash. */
  answer({ from, type, callId }: ReceivedMessage): void {
    // An ending is never answered: two clients would go on telling each other for ever.
    if (!from || !callId || !/^(offer|answer|candidate)$/.test(type)) return;
    if (this.with(from).some((call) => isSameCall(call.callId, callId)) || !this.tell(from, callId)) return;
    const hangup = { type: 'hangup', to: from, callId, payload: { reason: 'unknown_call' } } as const;
    // A sender that is no longer there needs no answer.
    this.#mailbox.send(hangup).catch(() => undefined);
  }

  /** From now on the other side counts as told that this call is over. @returns whether it was not told within the last minute */
  tell(remote: string, callId: string | undefined): boolean {
    const key = `${remote}/${normalized(callId)}`;
    const nowMs = this.#mailbox.platform.timers.now();
    if (nowMs - (this.#toldAtMs.get(key) ?? 0) < TOLD_MS) return false;
    if (this.#toldAtMs.size >= MAX_TOLD) this.#toldAtMs.clear();
    this.#toldAtMs.set(key, nowMs);
    return true;
  }
}
