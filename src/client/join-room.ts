import type { JoinResult } from '../wire/index.ts';
import { MailboxContext } from './context.ts';
import { HoldlineError, textOf } from './errors.ts';
import { callApp, listen, logError } from './events.ts';
import type { Failure } from './http.ts';
import { joinAs } from './join.ts';
import { JOIN_TIMEOUT_MS } from './limits.ts';
import { Mailbox } from './mailbox.ts';
import type { JoinOptions } from './options.ts';
import { Session } from './session.ts';
import type { StoredMailbox } from './storage.ts';

/**
 * Joins a room, or resumes the mailbox that `storage` kept. Retries recoverable failures for `joinTimeoutMs`.
 * @throws HoldlineError `participant-exists`, `room-full`, `invalid-request`, `unauthenticated`, `forbidden`,
 * `network`, `closed`; TypeError for metadata that JSON cannot hold
 */
export async function joinRoom(options: JoinOptions): Promise<Mailbox> {
  const { signal, joinTimeoutMs = JOIN_TIMEOUT_MS } = options;
  checkBaseUrl(options);
  const context = new MailboxContext(options);
  const { storage, sharing } = context;
  const startedMs = context.now();
  const unlisten = listen(signal, 'abort', context.wake);
  try {
    const stored = await storage.load();
    const joined = await enterRoom(context, stored, () => (signal?.aborted ? 0 : startedMs + joinTimeoutMs));
    await storage.claim(joined.participantId);
    const cursor = joined.resumed && stored ? stored.cursor : joined.cursor;
    return new Mailbox(new Session(context, joined, cursor, startedMs), context);
  } catch (error) {
    storage.unlock();
    sharing.close();
    throw signal?.aborted ? new HoldlineError('closed', error) : error;
  } finally {
    unlisten();
  }
}

/**
 * Resumes a stored mailbox that the server still has; otherwise joins anew.
 * @throws HoldlineError
 */
async function enterRoom(
  context: MailboxContext,
  stored: StoredMailbox | undefined,
  deadlineMs: () => number,
): Promise<JoinResult> {
  const { participantId = stored?.participantId, onRetry, signal } = context.options;
  const onFailure = ({ error }: Failure): void => void callApp(() => onRetry?.(error), logError);
  // The mailbox of another participant must not be read.
  if (stored && stored.participantId === participantId) {
    try {
      const body = { participantId, resume: true };
      return await joinAs(context, body, deadlineMs, { token: stored.token, signal, onFailure });
    } catch (error) {
      // A refused token proves nothing any more: join like a new participant.
      if ((error as HoldlineError).problem?.retryable !== false) throw error;
    }
  }
  return joinAs(context, { participantId: context.options.participantId }, deadlineMs, { signal, onFailure });
}

/** Fails at once for a URL that no attempt can ever reach. @throws HoldlineError `network` */
function checkBaseUrl({ baseUrl = '', fetch }: JoinOptions): void {
  // A page, or the app's own `fetch`, can resolve a relative URL.
  if (!/^[^/]*:/.test(baseUrl) && (fetch ?? 'location' in globalThis)) return;
  try {
    // Uses `href`, since `protocol` throws in React Native before 0.80.
    if (!/^(?!wss?:)[^/]*:\/\//.test(new URL(baseUrl).href)) throw new TypeError('no https:// at the beginning');
  } catch (cause) {
    throw new HoldlineError('network', cause, undefined, `baseUrl "${textOf(baseUrl)}"`);
  }
}
