import { Env } from './env.ts';
import { HoldlineError, textOf } from './errors.ts';
import { enterRoom } from './join.ts';
import { listen } from './listen.ts';
import { Mailbox } from './mailbox.ts';
import type { JoinOptions } from './options.ts';
import { Session } from './session.ts';

const JOIN_TIMEOUT_MS = 30_000;

/**
 * Joins a room, or takes up the mailbox that `storage` kept. Retries what a retry can mend for `joinTimeoutMs`.
 * @throws HoldlineError `participant-exists`, `room-full`, `invalid-request`, `unauthenticated`, `forbidden`, `network`, `closed`
 */
export async function joinRoom(options: JoinOptions): Promise<Mailbox> {
  const { signal, joinTimeoutMs = JOIN_TIMEOUT_MS } = options;
  checkBaseUrl(options);
  const env = new Env(options);
  const { keeper } = env;
  const startedMs = env.now();
  const stopListening = listen(signal, 'abort', env.wake);
  try {
    const kept = await keeper.load();
    const joined = await enterRoom(env, kept, () => (signal?.aborted ? 0 : startedMs + joinTimeoutMs));
    await keeper.claim(joined.participantId);
    const cursor = joined.resumed && kept ? kept.cursor : joined.cursor;
    return new Mailbox(new Session(env, joined, cursor, startedMs), env);
  } catch (error) {
    keeper.unlock();
    env.sharing.close();
    throw signal?.aborted ? new HoldlineError('closed', error) : error;
  } finally {
    stopListening();
  }
}

/** Fails at once for a URL that no attempt can ever reach. @throws HoldlineError `network` */
function checkBaseUrl({ baseUrl = '', fetch }: JoinOptions): void {
  // The page, or the app's own `fetch`, knows what a relative URL means.
  if (!/^[^/]*:/.test(baseUrl) && (fetch ?? 'location' in globalThis)) return;
  try {
    // By `href`: `protocol` throws in React Native before 0.80.
    if (!/^(?!wss?:)[^/]*:\/\//.test(new URL(baseUrl).href)) throw new TypeError('no https:// at the beginning');
  } catch (cause) {
    throw new HoldlineError('network', cause, undefined, `baseUrl "${textOf(baseUrl)}"`);
  }
}
