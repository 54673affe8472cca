import { Alarm } from './alarm.ts';
import { ConnectionSharing } from './connection-sharing.ts';
import type { Env } from './env.ts';
import { HoldlineError, textOf } from './errors.ts';
import { Http } from './http.ts';
import { enterRoom } from './join.ts';
import { listen } from './listen.ts';
import { Mailbox } from './mailbox.ts';
import type { JoinOptions } from './options.ts';
import { platformOf } from './platform.ts';
import { Session } from './session.ts';
import { Keeper } from './storage.ts';

const JOIN_TIMEOUT_MS = 30_000;

/**
 * Joins a room, or takes up the mailbox that `storage` kept. Retries what a retry can mend for `joinTimeoutMs`.
 * @throws HoldlineError `participant-exists`, `room-full`, `invalid-request`, `unauthenticated`, `forbidden`, `network`, `closed`
 */
export async function joinRoom(options: JoinOptions): Promise<Mailbox> {
  const { signal, onRetry: _, ...rest } = options;
  const { baseUrl = '', roomId, storage, storageKey = `holdline:${baseUrl}:${roomId}` } = rest;
  checkBaseUrl(options);
  const platform = platformOf(options);
  const { timers } = platform;
  const alarm = new Alarm(timers);
  const keeper = new Keeper(storage, storageKey, timers);
  const sharing = new ConnectionSharing(timers);
  const env: Env = { ...platform, options, alarm, keeper, sharing, http: new Http(baseUrl, roomId, platform, sharing) };
  const startedMs = timers.now();
  const deadlineMs = startedMs + (options.joinTimeoutMs ?? JOIN_TIMEOUT_MS);
  const deafen = listen(signal, 'abort', alarm.ring);
  try {
    const kept = await keeper.load();
    const joined = await enterRoom(env, kept, () => (signal?.aborted ? 0 : deadlineMs));
    await keeper.claim(joined.participantId);
    const cursor = joined.resumed && kept ? kept.cursor : joined.cursor;
    const inside = { ...env, options: rest };
    return new Mailbox(new Session(inside, joined, cursor, startedMs), inside);
  } catch (error) {
    keeper.unlock();
    sharing.close();
    throw signal?.aborted ? new HoldlineError('closed', error) : error;
  } finally {
    deafen();
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
