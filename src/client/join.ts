import type { JoinResult } from '../wire/index.ts';
import { persist, type Env, type Persistence } from './env.ts';
import { HoldlineError, textOf } from './errors.ts';
import { attempt, report } from './events.ts';
import { errorOf, type Failure } from './failure.ts';
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
  const { participantId = kept?.participantId, onRetry } = env.options;
  const onFailure = (failure: Failure): void => void attempt(() => onRetry?.(errorOf(failure)), report);
  // Another one's mailbox is not ours to read.
  if (kept && kept.participantId === participantId) {
    try {
      const body = { participantId, resume: true };
      return await joinAs(env, body, deadlineMs, { token: kept.token, onFailure });
    } catch (error) {
      // Refused, its token proves nothing any more: enter like anybody else.
      if ((error as HoldlineError).problem?.retryable !== false) throw error;
    }
  }
  return joinAs(env, { participantId: env.options.participantId }, deadlineMs, { onFailure });
}

export interface JoinAs extends Persistence {
  /** Proves who joins, instead of the credentials of the options. */
  readonly token?: string;
}

/**
 * Joins. A lost reply costs a retry under the same idempotency key, not a ghost in the room.
 * @throws HoldlineError
 */
export function joinAs(
  env: Env,
  wish: JoinBody,
  deadlineMs: () => number,
  { token, ...persistence }: JoinAs,
): Promise<JoinResult> {
  const { displayName, metadata, idleTimeoutSeconds } = env.options;
  // Fields that nobody set are `undefined`, and so absent from the JSON.
  const body: JoinBody = { ...wish, displayName, metadata, idleTimeoutSeconds };
  const headers = { 'Idempotency-Key': randomId(env.random) };
  return persist(env, () => attemptJoin(env, body, headers, token), deadlineMs, persistence);
}

async function attemptJoin(
  { http, keeper, options }: Env,
  body: JoinBody,
  headers: Record<string, string>,
  kept: string | undefined,
): Promise<Answer<JoinResult>> {
  const { join, accessToken, signal } = options;
  // The server lets those who prove who they are take over: the other tab would lose its mailbox, and its calls.
  const refuseCopy = (participantId: string | undefined): void => {
    if (participantId && participantId === keeper.usedElsewhere) {
      throw new HoldlineError('participant-exists', undefined, new Error('open in another tab'));
    }
  };
  refuseCopy(body.participantId);
  if (join && !kept) return askApp('join', () => join(body));
  const given = await askApp(
    'accessToken',
    () => kept ?? (typeof accessToken === 'function' ? accessToken() : accessToken),
  );
  if (given.kind !== 'ok') return given;
  refuseCopy(subjectOf(given.body));
  const request = { operation: 'joinRoom', path: '/participants', body, headers, token: given.body, signal } as const;
  return http.exchange<JoinResult>({ ...request, expects: 'token' });
}

/** What the app hands in may fail for a moment, like a network. @throws HoldlineError what the app throws of that kind is final */
async function askApp<Result>(name: string, ask: () => Result | Promise<Result>): Promise<Answer<Result>> {
  try {
    return { kind: 'ok', body: await ask(), ageMs: 0 };
  } catch (cause) {
    if (cause instanceof HoldlineError) throw cause;
    const error = new HoldlineError('network', undefined, cause, `${name}: ${textOf(cause)}`);
    return { kind: 'cut', cause: 'broken', error, ageMs: 0 };
  }
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
