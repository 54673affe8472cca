import type { Problem, ProblemCode } from '../wire/index.ts';

/**
 * Machine-readable reason of an error: a code of the server (see `/problems/<code>`), or one of the client:
 *
 * - `network`: no usable answer came in time; `message` and `cause` describe what came instead. Read them, then try
 *   again.
 * - `lifetime-over`: the message was not stored within its `ttlSeconds`; `cause` is the last failure. Send it again if
 *   it still matters.
 * - `proxy-refused`: a proxy refused a send with an answer of its own, while other requests got through. Send less, or
 *   have the proxy's limit or filter changed.
 * - `authorization-stripped`: the header `Authorization` does not arrive at the server. Configure the proxy to pass it
 *   on.
 * - `taken-over`: another client has taken over this participant. Inform the user; do not rejoin automatically.
 * - `participant-gone` (server): the participant left elsewhere or was removed. Join again if the user wants to.
 * - `closed`: `leave()` or `close()` was called, or joining was aborted.
 * - `leave-failed`: `leave()` did not reach the server; `cause` is the reason. The participant leaves when its idle
 *   time is over.
 * - `listener-failed`: a listener of the app threw; `cause` is what it threw. Fix the listener.
 * - `negotiation-failed`: a description or candidate was malformed, or the peer connection refused it; `cause` is the
 *   error. Report it.
 *
 * A newer server may send codes that are not listed here.
 */
export type ErrorCode =
  | ProblemCode
  | 'network'
  | 'lifetime-over'
  | 'proxy-refused'
  | 'authorization-stripped'
  | 'taken-over'
  | 'closed'
  | 'leave-failed'
  | 'listener-failed'
  | 'negotiation-failed'
  | (string & {});

/** The only class of errors that the client throws, rejects with, or emits. */
export class HoldlineError extends Error {
  override readonly name = 'HoldlineError';
  readonly code: ErrorCode;
  /** The server's answer, when there was one (RFC 9457). */
  readonly problem: Problem | undefined;

  /** @param where names the operation, for a cause whose text holds neither a token nor SDP */
  constructor(code: ErrorCode, cause?: unknown, problem?: Problem, where?: string) {
    // An error of the app or of the peer connection may quote SDP; a HoldlineError does not.
    const because = where ? textOf(cause) : cause instanceof HoldlineError && cause.message;
    super(problem?.detail ?? (where ?? code) + (because ? `: ${because}` : ''), { cause });
    this.code = code;
    this.problem = problem;
  }
}

/**
 * The messages along the chain of causes, such as `fetch failed: connect ECONNREFUSED 127.0.0.1:8080`: Node's `fetch`
 * gives the reason only there, and only as a code when it tried several addresses. Credentials in URLs are removed.
 * @param depth bounds the chain, which may be circular
 */
export function textOf(thrown: unknown, depth = 5): string {
  const { message, code, cause } = Object(thrown) as { message?: unknown; code?: unknown; cause?: unknown };
  const words = String([message, code].find(Boolean) ?? thrown).replace(/\/\/[^/\s]*@/g, '//');
  return cause && depth ? `${words}: ${textOf(cause, depth - 1)}` : words;
}
