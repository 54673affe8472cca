import { after, type Timers } from './platform.ts';

interface LockManagerLike {
  request(name: string, options: { signal: AbortSignal }, callback: () => Promise<void>): Promise<unknown>;
}

interface Page {
  readonly document?: unknown;
  readonly navigator?: { readonly locks?: LockManagerLike };
}

const nothing = (): void => undefined;

/**
 * Takes a lock of the Web Locks API, which browsers release by themselves when a page goes or crashes. Where there are no locks
 * (plain http, React Native, a sandbox) nothing is locked, and every attempt succeeds.
 * @returns a function that releases the lock; `undefined` when another page holds it for longer than `waitMs`
 */
export async function takePageLock(name: string, timers: Timers, waitMs: number): Promise<(() => void) | undefined> {
  try {
    const { document, navigator } = globalThis as Page;
    // Node has locks, too; they would cross worker threads.
    const locks = document ? navigator?.locks : undefined;
    return locks ? await request(locks, name, timers, waitMs) : nothing;
  } catch {
    return nothing;
  }
}

function request(
  locks: LockManagerLike,
  name: string,
  timers: Timers,
  waitMs: number,
): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const cancel = after(timers, waitMs, () => {
      resolve(undefined);
      abort.abort();
    });
    const hold = async (): Promise<void> => {
      cancel();
      if (!abort.signal.aborted) await new Promise<void>((release) => resolve(release));
    };
    locks.request(name, { signal: abort.signal }, hold).catch(() => {
      cancel();
      resolve(nothing);
    });
  });
}
