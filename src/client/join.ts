import type { JoinResult } from '../wire/index.ts';
import type { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import { HoldlineError, refusal } from './errors.ts';
import { isObject, type Answer, type Http } from './http.ts';
import type { JoinBody, JoinOptions } from './options.ts';
import { randomId, type Platform } from './platform.ts';
import type { KeptMailbox } from './storage.ts';

const ATTEMPT_MS = 15_000;

/** Says why to stop trying, if so. */
type Stopped = () => HoldlineError | undefined;
type Attempt = (body: JoinBody) => Promise<Answer<JoinResult>>;

/** Joins, and joins again. A lost reply costs a retry under the same idempotency key, not a ghost in the room. */
export class Joiner {
  readonly #options: JoinOptions;
  readonly #http: Http;
  readonly #platform: Platform;
  readonly #alarm: Alarm;

  constructor(options: JoinOptions, http: Http, platform: Platform, alarm: Alarm) {
    this.#options = options;
    this.#http = http;
    this.#platform = platform;
    this.#alarm = alarm;
  }

  /** Whether a rejoin proves who it is, and so would take over from another client of this participant. */
  get provesIdentity(): boolean {
    return this.#options.accessToken !== undefined || this.#options.join !== undefined;
  }

  /** The first join; takes up a kept mailbox when the server still knows it. @throws HoldlineError */
  async enter(kept: KeptMailbox | undefined, stopped: Stopped): Promise<JoinResult> {
    if (kept !== undefined) {
      const { participantId, token } = kept;
      try {
        return await this.#persist({ participantId, resume: true }, this.#asking(token), stopped);
      } catch (error) {
        // Its token proves nothing any more: enter like anybody else.
        if (!(error instanceof HoldlineError) || error.problem === undefined) throw error;
      }
    }
    const { participantId } = this.#options;
    return this.#persist(participantId === undefined ? {} : { participantId }, this.#anew(), stopped);
  }

  /** Joins again under the same name, after the server has forgotten the participant. @throws HoldlineError */
  again(participantId: string, stopped: Stopped): Promise<JoinResult> {
    return this.#persist({ participantId, resume: true }, this.#anew(), stopped);
  }

  async #persist(body: JoinBody, attempt: Attempt, stopped: Stopped): Promise<JoinResult> {
    const backoff = new Backoff(this.#platform.random);
    const whole = this.#complete(body);
    for (;;) {
      const answer = await attempt(whole);
      if (answer.kind === 'ok') return answer.body;
      if (answer.kind === 'problem' && !answer.problem.retryable) throw refusal(answer.problem);
      const error = stopped();
      if (error !== undefined) throw error;
      await this.#alarm.sleep(backoff.next(answer.kind === 'problem' ? answer.retryAfterMs : 0));
    }
  }

  /** What the app hands in may fail for a moment, like a network: only a `HoldlineError` ends the attempts. */
  #anew(): Attempt {
    const { join, accessToken } = this.#options;
    const ask = this.#asking(accessToken);
    return async (body) => {
      try {
        return join === undefined ? await ask(body) : { kind: 'ok', body: await join(body), ageMs: 0 };
      } catch (error) {
        if (error instanceof HoldlineError) throw error;
        return { kind: 'cut', cause: 'broken', ageMs: 0 };
      }
    };
  }

  #asking(credential: JoinOptions['accessToken']): Attempt {
    const { signal } = this.#options;
    const idempotencyKey = randomId(this.#platform.random);
    return async (body) =>
      this.#http.exchange({
        operation: 'joinRoom',
        path: '/participants',
        body,
        token: typeof credential === 'function' ? await credential() : credential,
        idempotencyKey,
        timeoutMs: ATTEMPT_MS,
        isAnswer: isJoinResult,
        ...(signal && { signal }),
      });
  }

  #complete(body: JoinBody): JoinBody {
    const { displayName, metadata, idleTimeoutSeconds } = this.#options;
    return {
      ...body,
      ...(displayName !== undefined && { displayName }),
      ...(metadata !== undefined && { metadata }),
      ...(idleTimeoutSeconds !== undefined && { idleTimeoutSeconds }),
    };
  }
}

const isJoinResult = (status: number, body: unknown): body is JoinResult =>
  status === 201 && isObject(body) && typeof body.token === 'string' && typeof body.cursor === 'string';
