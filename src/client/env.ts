import type { Problem } from '../wire/index.ts';
import type { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import type { ConnectionSharing } from './connection-sharing.ts';
import { HoldlineError, type ErrorCode } from './errors.ts';
import type { Answer, Failure, Http } from './http.ts';
import type { JoinOptions } from './options.ts';
import type { Platform } from './platform.ts';
import type { Keeper } from './storage.ts';

/** What all parts of one mailbox share. */
export interface Env extends Platform {
  readonly options: JoinOptions;
  readonly http: Http;
  readonly alarm: Alarm;
  readonly keeper: Keeper;
  readonly sharing: ConnectionSharing;
}

export interface Persistence {
  /** What is thrown when the time is over; when omitted, the last failure. */
  readonly code?: ErrorCode;
  /** Whether further attempts would not change this refusal. */
  readonly isFinal?: (problem: Problem) => boolean;
  /** Called after each failure that another attempt follows. What it throws ends the attempts. */
  readonly onFailure?: (failure: Failure) => void | Promise<void>;
}

/**
 * Repeats an attempt, with back-off, until it has an answer that further attempts would not change.
 * @param deadlineMs the last attempt begins before it, by the client's clock; no pause is longer
 * @throws HoldlineError the server's refusal, or that time is over
 */
export async function persist<Body>(
  { alarm, random, timers }: Env,
  attempt: () => Promise<Answer<Body>>,
  deadlineMs: () => number,
  { code, isFinal = (problem) => !problem.retryable, onFailure }: Persistence = {},
): Promise<Body> {
  const backoff = new Backoff({ timers, random });
  const leftMs = (): number => deadlineMs() - timers.now();
  for (;;) {
    const answer = await attempt();
    if (answer.kind === 'ok') return answer.body;
    const { error, retryAfterMs } = answer;
    if (answer.kind === 'problem' && isFinal(answer.problem)) throw error;
    if (leftMs() > 0) await onFailure?.(answer);
    await alarm.sleep(Math.min(backoff.next(retryAfterMs), leftMs()));
    if (leftMs() <= 0) throw code ? new HoldlineError(code, error) : error;
  }
}
