import type { Problem, ProblemCode } from '../wire/index.ts';

/**
 * What went wrong, for programs: a code of the server (see `/problems/<code>`), or one of the client itself.
 *
 * | code | when | what to do |
 * |---|---|---|
 * | `network` | no usable answer came in time; `message` and `cause` say what came instead | read them, then try again |
 * | `lifetime-over` | the message was not stored within its `ttlSeconds`; `cause` is the last failure | send it again if it still matters |
 * | `proxy-refused` | a proxy refused a send with an answer of its own, while other requests got through | send less, or have the proxy's limit or filter changed |
 * | `authorization-stripped` | the header `Authorization` does not arrive at the server | configure the proxy to pass it on |
 * | `taken-over` | another client speaks for this participant now | tell the user; do not join again by yourself |
 * | `participant-gone` (server) | the participant left elsewhere or was removed | join again if the user wants to |
 * | `closed` | `leave()` or `close()` was called, or joining was aborted | nothing |
 * | `leave-failed` | the server could not be told of `leave()`; `cause` says why | nothing: the participant goes when its idle time is over |
 * | `listener-failed` | a listener of the app threw; `cause` is what it threw | fix the listener |
 * | `negotiation-failed` | the peer connection refused a description or candidate; `cause` is its error | report it |
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
    // A cause of the app or of the peer connection may quote SDP; ours does not.
    const because = where ? textOf(cause) : cause instanceof HoldlineError && cause.message;
    super(problem?.detail ?? (where ?? code) + (because ? `: ${because}` : ''), { cause });
    this.code = code;
    this.problem = problem;
  }
}

/**
 * The messages along the chain of causes, such as `fetch failed: connect ECONNREFUSED 127.0.0.1:8080`: Node's `fetch` tells the
 * reason only there, and by a code alone when it tried several addresses. Credentials in URLs are left out.
 * @param depth bounds the chain, which may be a circle
 */
export function textOf(thrown: unknown, depth = 5): string {
  const { message, code, cause } = Object(thrown) as { message?: unknown; code?: unknown; cause?: unknown };
  const words = String([message, code].find(Boolean) ?? thrown).replace(/\/\/[^/\s]*@/g, '//');
  return cause && depth ? `${words}: ${textOf(cause, depth - 1)}` : words;
}
