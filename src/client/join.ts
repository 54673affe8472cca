import type { JoinResult } from '../wire/index.ts';
import { persist, type Env, type Stopped } from './env.ts';
import { HoldlineError } from './errors.ts';
import type { Answer } from './http.ts';
import type { JoinBody, JoinOptions } from './options.ts';
import { randomId } from './platform.ts';
import type { KeptMailbox } from './storage.ts';

/** The first join; takes up a kept mailbox when the server still knows it. @throws HoldlineError */
export async function enterRoom(env: Env, kept: KeptMailbox | undefined, stopped: Stopped): Promise<JoinResult> {
  if (kept) {
    try {
      return await persist(env, asking(env, { participantId: kept.participantId, resume: true }, kept.token), stopped);
    } catch (error) {
      // Refused, its token proves nothing any more: enter like anybody else.
      if (!(error instanceof HoldlineError) || !error.problem) throw error;
    }
  }
  return joinAnew(env, { participantId: env.options.participantId }, stopped);
}

/**
 * Joins with the credentials of the options. A lost reply costs a retry under the same idempotency key, not a ghost in the room.
 * @throws HoldlineError
 */
export function joinAnew(env: Env, body: JoinBody, stopped: Stopped): Promise<JoinResult> {
  const { join, accessToken } = env.options;
  const ask = asking(env, body, accessToken);
  return persist(
    env,
    async () => {
      try {
        return join ? { kind: 'ok', body: await join(bodyOf(env, body)), ageMs: 0 } : await ask();
      } catch (error) {
        // What the app hands in may fail for a moment, like a network: only a `HoldlineError` ends the attempts.
        if (error instanceof HoldlineError) throw error;
        return { kind: 'cut', cause: 'broken', ageMs: 0 };
      }
    },
    stopped,
  );
}

/** Whether joining again proves who it is, and so would take over from another client of this participant. */
export const provesIdentity = ({ options }: Env): boolean => Boolean(options.accessToken ?? options.join);

function asking(env: Env, body: JoinBody, credential: JoinOptions['accessToken']) {
  const headers = { 'Idempotency-Key': randomId(env.random) };
  return async (): Promise<Answer<JoinResult>> =>
    env.http.exchange({
      operation: 'joinRoom',
      path: '/participants',
      body: bodyOf(env, body),
      headers,
      token: typeof credential === 'function' ? await credential() : credential,
      signal: env.options.signal,
      expects: 'token',
    });
}

/** Fields that nobody set are `undefined`, and so absent from the JSON. */
function bodyOf({ options: { displayName, metadata, idleTimeoutSeconds } }: Env, body: JoinBody): JoinBody {
  return { ...body, displayName, metadata, idleTimeoutSeconds };
}
