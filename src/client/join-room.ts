import { Alarm } from './alarm.ts';
import { HoldlineError } from './errors.ts';
import { Http } from './http.ts';
import { Joiner } from './join.ts';
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
  const { baseUrl = '', roomId, storage, storageKey = `holdline:${baseUrl}:${roomId}`, signal } = options;
  const platform = platformOf(options);
  const alarm = new Alarm(platform.timers);
  const http = new Http(baseUrl, roomId, platform);
  const joiner = new Joiner(options, http, platform, alarm);
  const keeper = new Keeper(storage, storageKey);
  const deadlineMs = platform.timers.now() + (options.joinTimeoutMs ?? JOIN_TIMEOUT_MS);
  const stopped = (): HoldlineError | undefined => {
    if (signal?.aborted === true) return new HoldlineError('closed', 'Joining was aborted.');
    if (platform.timers.now() < deadlineMs) return undefined;
    return new HoldlineError('network', 'The room could not be joined in time.');
  };
  const stopWaiting = (): void => alarm.ring();
  signal?.addEventListener('abort', stopWaiting);
  try {
    const kept = await keeper.load();
    const joined = await joiner.enter(kept, stopped);
    const cursor = joined.resumed && kept !== undefined ? kept.cursor : joined.cursor;
    const parts = { http, joiner, keeper, platform, alarm };
    return new Mailbox(new Session(parts, joined, cursor), parts, options.waitSeconds);
  } finally {
    signal?.removeEventListener('abort', stopWaiting);
  }
}
