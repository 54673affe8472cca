import type { Problem } from '../wire/index.ts';
import { HoldlineError, type ErrorCode } from './errors.ts';
import type { Answer, Failure } from './http.ts';
import { MAX_BACKOFF_CEILING_MS, MIN_BACKOFF_CEILING_MS } from './limits.ts';
import type { Runtime } from './runtime.ts';

/**
 * Pauses between attempts. No pause is longer than the outage has lasted so far, within the bounds above. Full jitter:
 * clients that failed together do not come back together.
 */
export class Backoff {
  readonly #runtime: Pick<Runtime, 'now' | 'random'>;
  /** When the outage began. */
  #sinceMs: number | undefined;

  constructor(runtime: Pick<Runtime, 'now' | 'random'>) {
    this.#runtime = runtime;
  }

  /** Milliseconds to wait after one more failure; never less than the server asked for. */
  next(retryAfterMs = 0): number {
    const nowMs = this.#runtime.now();
    this.#sinceMs ??= nowMs;
    const ceilingMs = Math.min(MAX_BACKOFF_CEILING_MS, Math.max(MIN_BACKOFF_CEILING_MS, nowMs - this.#sinceMs));
    return retryAfterMs + this.#runtime.random() * ceilingMs;
  }

  /** The outage is over. */
  reset(): void {
    this.#sinceMs = undefined;
  }
}

export interface RetryOptions {
  /** Code of the error that is thrown when the time is over; when omitted, the last failure is thrown. */
  readonly code?: ErrorCode;
  /** Whether further attempts would not change this refusal. */
  readonly isFinal?: (problem: Problem) => boolean;
  /** Called after each failure that another attempt follows. An error that it throws ends the attempts. */
  readonly onFailure?: (failure: Failure) => void | Promise<void>;
}

/**
 * Repeats an attempt, with back-off, until it has an answer that further attempts would not change.
 * @param deadlineMs the last attempt begins before it, by the client's clock; no pause is longer
 * @throws HoldlineError the server's refusal, or that time is over
 */
export async function retryUntilSettled<Body>(
  runtime: Runtime,
  attempt: () => Promise<Answer<Body>>,
  deadlineMs: () => number,
  { code, isFinal = (problem) => !problem.retryable, onFailure }: RetryOptions = {},
): Promise<Body> {
  const backoff = new Backoff(runtime);
  const leftMs = (): number => deadlineMs() - runtime.now();
  for (;;) {
    const answer = await attempt();
    if (answer.kind === 'ok') return answer.body;
    const { error, retryAfterMs } = answer;
    if (answer.kind === 'problem' && isFinal(answer.problem)) throw error;
    if (leftMs() > 0) await onFailure?.(answer);
    await runtime.sleep(Math.min(backoff.next(retryAfterMs), leftMs()));
    if (leftMs() <= 0) throw code ? new HoldlineError(code, error) : error;
  }
}
