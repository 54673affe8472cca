import type { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import type { ConnectionSharing } from './connection-sharing.ts';
import { HoldlineError, refusal, type ErrorCode } from './errors.ts';
import type { Answer, Http } from './http.ts';
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

/**
 * Repeats an attempt, with back-off, until it has an answer that further attempts would not change.
 * @param deadlineMs the last attempt begins before it, by the client's clock; no pause is longer
 * @param code what is thrown then; when omitted the server's last words, or `network` when there were none
 * @throws HoldlineError the server's refusal, or that time is over
 */
export async function persist<Body>(
  { alarm, random, timers }: Env,
  attempt: () => Promise<Answer<Body>>,
  deadlineMs: () => number,
  code?: ErrorCode,
): Promise<Body> {
  const backoff = new Backoff(random);
  for (;;) {
    const answer = await attempt();
    if (answer.kind === 'ok') return answer.body;
    const refused = answer.kind === 'problem' ? refusal(answer.problem) : undefined;
    if (refused && !refused.problem?.retryable) throw refused;
    await alarm.sleep(Math.min(backoff.next(answer.retryAfterMs), deadlineMs() - timers.now()));
    if (deadlineMs() <= timers.now()) throw code ? new HoldlineError(code) : (refused ?? new HoldlineError('network'));
  }
}
