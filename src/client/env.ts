import type { Problem } from '../wire/index.ts';
import { Backoff } from './backoff.ts';
import { ConnectionSharing } from './connection-sharing.ts';
import { HoldlineError, type ErrorCode } from './errors.ts';
import { type Answer, type Failure, Http } from './http.ts';
import type { MailboxEvents } from './mailbox-events.ts';
import type { JoinOptions } from './options.ts';
import { Runtime } from './runtime.ts';
import { Keeper } from './storage.ts';

/** What all parts of one mailbox share. */
export class Env extends Runtime {
  readonly options: JoinOptions;
  readonly http: Http;
  readonly keeper: Keeper;
  readonly sharing = new ConnectionSharing(this);
  /** Emits an event of the mailbox, once there is one. */
  emit: <Name extends keyof MailboxEvents>(name: Name, event: MailboxEvents[Name]) => void = () => undefined;

  constructor(options: JoinOptions) {
    super(options);
    const { baseUrl = '', roomId, storage, storageKey = `holdline:${baseUrl}:${roomId}` } = options;
    this.options = options;
    this.keeper = new Keeper(this, storage, storageKey);
    this.http = new Http(this, this.sharing, baseUrl, roomId);
    this.http.onExchange = (exchange) => this.emit('exchange', exchange);
  }
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
  env: Env,
  attempt: () => Promise<Answer<Body>>,
  deadlineMs: () => number,
  { code, isFinal = (problem) => !problem.retryable, onFailure }: Persistence = {},
): Promise<Body> {
  const backoff = new Backoff(env);
  const leftMs = (): number => deadlineMs() - env.now();
  for (;;) {
    const answer = await attempt();
    if (answer.kind === 'ok') return answer.body;
    const { error, retryAfterMs } = answer;
    if (answer.kind === 'problem' && isFinal(answer.problem)) throw error;
    if (leftMs() > 0) await onFailure?.(answer);
    await env.sleep(Math.min(backoff.next(retryAfterMs), leftMs()));
    if (leftMs() <= 0) throw code ? new HoldlineError(code, error) : error;
  }
}
