import type { Problem, ProblemCode } from '../wire/index.ts';

/**
 * What went wrong, for programs: a code of the server (see `/problems/<code>`), or one of the client itself.
 * - `network`: no usable answer came in time.
 * - `lifetime-over`: the message could not be sent within its `ttlSeconds`.
 * - `taken-over`: another client speaks for this participant now.
 * - `gone`: the participant left, was removed, or its mailbox is no more.
 * - `closed`: `leave()` or `close()` was called.
 * - `leave-failed`: the server could not be told that the participant left, and sees it until its idle time is over; `cause` says why.
 * - `listener-failed`: a listener of the app threw; `cause` is what it threw.
 * - `negotiation-failed`: the peer connection refused a description or candidate; `cause` is its error.
 *
 * A newer server may send codes that are not listed here.
 */
export type ErrorCode =
  | ProblemCode
  | 'network'
  | 'lifetime-over'
  | 'taken-over'
  | 'gone'
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

  constructor(code: ErrorCode, problem?: Problem, cause?: unknown) {
    super(problem?.detail ?? code, { cause });
    this.code = code;
    this.problem = problem;
  }
}

export const refusal = (problem: Problem): HoldlineError => new HoldlineError(problem.code, problem);
