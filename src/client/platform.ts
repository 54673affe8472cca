/** What the client asks of the world around it. Every part can be handed in; the defaults are the globals of the runtime. */
export interface Platform {
  readonly fetch: FetchLike;
  readonly timers: Timers;
  /** A number from 0 up to, not including, 1: for jitter, and for ids where the runtime has no `crypto`. */
  readonly random: () => number;
}

/** The part of `fetch` that is used. The `fetch` of browsers, React Native, Node and Deno fits. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchReply>;

export interface FetchInit {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal;
  readonly keepalive: boolean;
}

/** The body is read as text at once: React Native has no streams. */
export interface FetchReply {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface Timers {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Milliseconds of a clock that goes on while the machine sleeps, such as `Date.now`. */
  now(): number;
}

export const systemTimers: Timers = {
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
  now: () => Date.now(),
};

/**
 * A random UUID (RFC 9562, version 4) in lower case: for idempotency keys and calls. `crypto.randomUUID` is missing on plain http
 * and in React Native; without `crypto.getRandomValues` the id comes from `random`.
 */
export function randomId(random: () => number): string {
  const template = 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx';
  const bytes = new Uint8Array(template.length).map(() => random() * 256);
  const { crypto } = globalThis as { crypto?: { getRandomValues?(array: Uint8Array): unknown } };
  crypto?.getRandomValues?.(bytes);
  return template.replace(/x/g, (_, index: number) => (Number(bytes[index]) & 15).toString(16));
}
