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
/** Bounds what a stranger with ever new call ids can make the client remember and send in `TOLD_MS`. */
const MAX_TOLD = 128;

/** Upper and lower case of ASCII letters do not tell two calls apart: UUIDs come in both. */
const normalized = (callId = ''): string => callId.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const isSameCall = (a: string | undefined, b: string | undefined): boolean => normalized(a) === normalized(b);

/** The order that decides between two invites that cross: both sides keep the call whose id sorts first. */
export const sortsBefore = (a: string | undefined, b: string | undefined): boolean => normalized(a) < normalized(b);

/** The calls of one mailbox that have not ended, and the answer to messages of calls that it does not know. */
export class CallRegistry<Call extends RegisteredCall> {
  readonly #mailbox: Mailbox;
  readonly #calls = new Set<Call>();
  /** When the other side was last told that a call is over, by sender and call id. */
  readonly #toldAtMs = new Map<string, number>();
  #listeners = 0;
  #stopListening = (): void => undefined;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  add(call: Call): void {
    this.#calls.add(call);
  }

  remove(call: Call): void {
    this.#calls.delete(call);
  }

  with(remote: string): Call[] {
    return [...this.#calls].filter((call) => call.remote === remote);
  }

  /** Both sides know that this call is over: messages of it that are still under way need no answer. */
  settle(remote: string, callId: string | undefined): void {
    this.#isNews(remote, callId);
  }

  /**
   * Answers messages of unknown calls from now on: the other side goes on with a call that this side lost by a reload or a crash.
   * @returns a function that stops it; it ends with the last of several
   */
  answerUnknownCalls(): () => void {
    if (this.#listeners === 0) this.#stopListening = this.#mailbox.on('message', (message) => this.#answer(message));
    this.#listeners += 1;
    return () => {
      this.#listeners -= 1;
      if (this.#listeners === 0) this.#stopListening();
    };
  }

  #answer({ from, type, callId }: ReceivedMessage): void {
    // An ending is never answered: two clients would go on telling each other for ever.
    if (!from || !callId || (type !== 'offer' && type !== 'answer' && type !== 'candidate')) return;
    if (this.with(from).some((call) => isSameCall(call.callId, callId)) || !this.#isNews(from, callId)) return;
    const hangup = { type: 'hangup', to: from, callId, payload: { reason: 'unknown_call' } } as const;
    // A sender that is no longer there needs no answer.
    this.#mailbox.send(hangup).catch(() => undefined);
  }

  /** Whether the other side was not told lately. Remembers that it is now. */
  #isNews(remote: string, callId: string | undefined): boolean {
    const nowMs = this.#mailbox.platform.timers.now();
    for (const [key, atMs] of this.#toldAtMs) if (Math.abs(nowMs - atMs) >= TOLD_MS) this.#toldAtMs.delete(key);
    const key = JSON.stringify([remote, normalized(callId)]);
    if (this.#toldAtMs.has(key) || this.#toldAtMs.size >= MAX_TOLD) return false;
    this.#toldAtMs.set(key, nowMs);
    return true;
  }
}
