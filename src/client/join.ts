import type { JoinResult } from '../wire/index.ts';
import { persist, type Env, type Persistence } from './env.ts';
import { HoldlineError } from './errors.ts';
import { attempt, report } from './events.ts';
import type { Answer, Failure } from './http.ts';
import type { JoinBody } from './options.ts';
import type { KeptMailbox } from './storage.ts';

/** The first join; takes up a kept mailbox when the server still knows it. @throws HoldlineError */
export async function enterRoom(
  env: Env,
  kept: KeptMailbox | undefined,
  deadlineMs: () => number,
): Promise<JoinResult> {
  const { participantId = kept?.participantId, onRetry, signal } = env.options;
  const onFailure = ({ error }: Failure): void => void attempt(() => onRetry?.(error), report);
  // Another one's mailbox is not ours to read.
  if (kept && kept.participantId === participantId) {
    try {
      const body = { participantId, resume: true };
      return await joinAs(env, body, deadlineMs, { token: kept.token, signal, onFailure });
    } catch (error) {
      // Refused, its token proves nothing any more: enter like anybody else.
      if ((error as HoldlineError).problem?.retryable !== false) throw error;
    }
  }
  return joinAs(env, { participantId: env.options.participantId }, deadlineMs, { signal, onFailure });
}

export interface JoinAs extends Persistence {
  readonly signal?: AbortSignal | undefined;
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
  { token: kept, signal, ...persistence }: JoinAs,
): Promise<JoinResult> {
  const { http, keeper, options } = env;
  const { displayName, metadata, idleTimeoutSeconds, join, accessToken } = options;
  // Fields that nobody set are `undefined`, and so absent from the JSON.
  const body: JoinBody = { ...wish, displayName, metadata, idleTimeoutSeconds };
  const request = { operation: 'joinRoom', path: '/participants', body, signal, expects: 'token' } as const;
  const headers = { 'Idempotency-Key': env.newId() };
  const attempt = async (): Promise<Answer<JoinResult>> => {
    const viaApp = kept ? undefined : join;
    let token = kept;
    try {
      if (!viaApp) token ??= await (typeof accessToken === 'function' ? accessToken() : accessToken);
      const participantId = body.participantId ?? subjectOf(token);
      // The server lets those who prove who they are take over: the other tab would lose its mailbox, and its calls.
      if (participantId && participantId === keeper.usedElsewhere) {
        throw new HoldlineError('participant-exists', new Error('open in another tab'));
      }
      if (viaApp) return { kind: 'ok', body: await viaApp(body), ageMs: 0 };
    } catch (cause) {
      // What the app hands in may fail for a moment, like a network.
      if (cause instanceof HoldlineError) throw cause;
      const error = new HoldlineError('network', cause, undefined, viaApp ? 'join' : 'accessToken');
      return { kind: 'cut', cause: 'broken', error, ageMs: 0 };
    }
    return http.exchange<JoinResult>({ ...request, headers, token });
  };
  return persist(env, attempt, deadlineMs, persistence);
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
