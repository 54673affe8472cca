import type { JoinResult, Problem } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { HoldlineError } from './errors.ts';
import type { Answer } from './http.ts';
import type { JoinBody } from './options.ts';
import { retryUntilSettled, type RetryOptions } from './retry.ts';

export interface JoinAs extends RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** The token of an earlier join: proves who joins, instead of the credentials in the options. */
  readonly token?: string;
}

/**
 * Joins. A lost reply costs a retry under the same idempotency key, not a second participant.
 * @throws HoldlineError; TypeError for metadata that JSON cannot hold
 */
export function joinAs(
  context: MailboxContext,
  wish: JoinBody,
  deadlineMs: () => number,
  { token: earlier, signal, ...retry }: JoinAs,
): Promise<JoinResult> {
  const { http, storage, options } = context;
  const { displayName, metadata, idleTimeoutSeconds, join, accessToken } = options;
  // Options that are not set are `undefined`, and so absent from the JSON.
  const body: JoinBody = { ...wish, displayName, metadata, idleTimeoutSeconds };
  const request = {
    operation: 'joinRoom',
    path: '/participants',
    body: JSON.stringify(body),
    headers: { 'Idempotency-Key': context.newId() },
    signal,
    expects: 'token',
  } as const;
  const attempt = async (): Promise<Answer<JoinResult>> => {
    const joinByApp = earlier ? undefined : join;
    let token = earlier;
    try {
      if (!joinByApp) token ??= await (typeof accessToken === 'function' ? accessToken() : accessToken);
      const participantId = body.participantId ?? subjectOf(token);
      // The server lets an authenticated client take over its participant: the other tab would lose its mailbox, and
      // its calls.
      if (participantId && participantId === storage.usedElsewhere) {
        throw new HoldlineError('participant-exists', new Error('open in another tab'));
      }
      if (joinByApp) return { kind: 'ok', body: await joinByApp(body), ageMs: 0 };
    } catch (cause) {
      // The app's own functions may fail for a moment, as a network does.
      if (cause instanceof HoldlineError) throw cause;
      const { problem } = Object(cause) as { problem?: Problem };
      // The server's refusal, passed on by `holdline.join` or by the app's backend.
      if (problem?.code) {
        const error = new HoldlineError(problem.code, cause, problem);
        return { kind: 'problem', problem, error, retryAfterMs: 0, ageMs: 0 };
      }
      const error = new HoldlineError('network', cause, undefined, joinByApp ? 'join' : 'accessToken');
      return { kind: 'cut', cause: 'broken', error, ageMs: 0 };
    }
    return http.exchange<JoinResult>({ ...request, token });
  };
  return retryUntilSettled(context, attempt, deadlineMs, retry);
}

/** The participant to whom an access token (a JWT, RFC 7519) was issued; `undefined` for any other token. */
function subjectOf(token: string | undefined): string | undefined {
  try {
    const [, claims = ''] = String(token).split('.');
    const { sub } = JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))) as { sub?: string };
    return sub;
  } catch {
    return undefined;
  }
}
