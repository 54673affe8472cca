import type { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import { refusal, type HoldlineError } from './errors.ts';
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
}

/** Says why to stop trying, if so. */
export type Stopped = () => HoldlineError | undefined;

/**
 * Repeats an attempt, with back-off, until it has an answer that further attempts would not change.
 * @throws HoldlineError the server's refusal, or why it stopped
 */
export async function persist<Body>(
  { alarm, random }: Env,
  attempt: () => Promise<Answer<Body>>,
  stopped: Stopped,
): Promise<Body> {
  const backoff = new Backoff(random);
  for (;;) {
    const answer = await attempt();
    if (answer.kind === 'ok') return answer.body;
    if (answer.kind === 'problem' && !answer.problem.retryable) throw refusal(answer.problem);
    const error = stopped();
    if (error) throw error;
    await alarm.sleep(backoff.next(answer.retryAfterMs));
  }
}
