import type { Runtime } from './runtime.ts';

/** The client answers messages of one unknown call once in this time. */
const TOLD_MS = 60_000;
/** Bounds what a stranger with ever new call ids can make the client remember. */
const MAX_TOLD = 1_000;

/** Upper and lower case of ASCII letters do not tell two calls apart: UUIDs come in both. */
export const normalized = (callId = ''): string => callId.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const isSameCall = (a: string | undefined, b: string | undefined): boolean => normalized(a) === normalized(b);

/** The calls of one mailbox that have not ended, and what the other sides know of those that have. */
export class CallRegistry<Call> {
  readonly calls = new Set<Call>();
  readonly #runtime: Runtime;
  /** When the other side last learned that a call is over, by sender and call id. */
  readonly #toldAtMs = new Map<string, number>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** From now on the other side counts as told that this call is over. @returns whether it was not told within the last minute */
  tell(remote: string, callId: string | undefined): boolean {
    const key = `${remote}/${normalized(callId)}`;
    const nowMs = this.#runtime.now();
    if (nowMs - (this.#toldAtMs.get(key) ?? 0) < TOLD_MS) return false;
    if (this.#toldAtMs.size >= MAX_TOLD) this.#toldAtMs.clear();
    this.#toldAtMs.set(key, nowMs);
    return true;
  }
}
