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
  const { usedElsewhere } = env.keeper;
  const headers = { 'Idempotency-Key': randomId(env.random) };
  // The server lets those who prove who they are take over: the other tab would lose its mailbox, and its calls.
  const refuse = (participantId: string | undefined): void => {
    if (!usedElsewhere || participantId !== usedElsewhere) return;
    throw new HoldlineError('participant-exists', undefined, new Error('another tab has this mailbox open'));
  };
  const attempt = async (): Promise<Answer<JoinResult>> => {
    try {
      refuse(body.participantId);
      if (join && !kept) return { kind: 'ok', body: await join(body), ageMs: 0 };
      const token = kept ?? (typeof accessToken === 'function' ? await accessToken() : accessToken);
      refuse(subjectOf(token));
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

/** The participant for whom an access token (a JWT, RFC 7519) is made out; `undefined` for any other token. */
function subjectOf(token: string | undefined): string | undefined {
  try {
    const [, claims = ''] = String(token).split('.');
    const { sub } = JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))) as { sub?: string };
    return sub;
  } catch {
    return undefined;
  }
}
