import type { JoinResult } from '../wire/index.ts';
import { persist, type Env } from './env.ts';
import { HoldlineError } from './errors.ts';
import type { Answer } from './http.ts';
import type { JoinBody } from './options.ts';
import { randomId } from './platform.ts';
import type { KeptMailbox } from './storage.ts';

/** The first join; takes up a kept mailbox when the server still knows it. @throws HoldlineError */
export async function enterRoom(
  env: Env,
  kept: KeptMailbox | undefined,
  deadlineMs: () => number,
): Promise<JoinResult> {
  const { participantId = kept?.participantId } = env.options;
  // Another one's mailbox is not ours to read.
  if (kept && kept.participantId === participantId) {
    try {
      const body = { participantId, resume: true };
      return await joinAs(env, body, deadlineMs, kept.token);
    } catch (error) {
      // Refused, its token proves nothing any more: enter like anybody else.
      if ((error as HoldlineError).problem?.retryable !== false) throw error;
    }
  }
  return joinAs(env, { participantId: env.options.participantId }, deadlineMs);
}

/**
 * Joins with the token of before, or the credentials of the options. A lost reply costs a retry under the same idempotency key,
 * not a ghost in the room.
 * @throws HoldlineError
 */
export function joinAs(env: Env, wish: JoinBody, deadlineMs: () => number, kept?: string): Promise<JoinResult> {
  const { displayName, metadata, idleTimeoutSeconds, join, accessToken, signal } = env.options;
  // Fields that nobody set are `undefined`, and so absent from the JSON.
  const body: JoinBody = { ...wish, displayName, metadata, idleTimeoutSeconds };
  const headers = { 'Idempotency-Key': randomId(env.random) };
  const attempt = async (): Promise<Answer<JoinResult>> => {
    try {
      if (join && !kept) return { kind: 'ok', body: await join(body), ageMs: 0 };
      const token = kept ?? (typeof accessToken === 'function' ? await accessToken() : accessToken);
      const request = { operation: 'joinRoom', path: '/participants', body, headers, token, signal } as const;
      return await env.http.exchange<JoinResult>({ ...request, expects: 'token' });
    } catch (error) {
      // What the app hands in may fail for a moment, like a network: only a `HoldlineError` ends the attempts.
      if (error instanceof HoldlineError) throw error;
      return { kind: 'cut', cause: 'broken', ageMs: 0 };
    }
  };
  return persist(env, attempt, deadlineMs);
}
