import type { JoinResult, Problem } from '../wire/index.ts';
import { Backoff } from './backoff.ts';
import { persist, type Env, type Persistence } from './env.ts';
import { HoldlineError, refusal } from './errors.ts';
import { errorOf, isLasting, isStripped, type Failure, type Refused } from './failure.ts';
import type { Answer, HttpRequest } from './http.ts';
import { joinAs } from './join.ts';
import { sendLeave } from './leave.ts';
import { Outage } from './outage.ts';

/** Why a mailbox ended; see `HoldlineError.code`. `failed`: the server refused something that no retry mends. */
export type EndReason = 'left' | 'closed' | 'taken-over' | 'gone' | 'failed';

export interface MailboxEnd {
  readonly reason: EndReason;
  /** What pending sends are rejected with. */
  readonly error: HoldlineError;
}

/** A server that forgets its participants again this soon has not lost its store: somebody else joins as this one. */
const FORGOTTEN_SOON_MS = 60_000;

/** Who we are in the room, where we are in the mailbox, and what to do when the server no longer thinks so. */
export class Session {
  readonly #env: Env;
  readonly #backoff: Backoff;
  joined: JoinResult;
  /** When the participants of `joined` were asked for. */
  askedAtMs: number;
  cursor: string | undefined;
  #rejoining: Promise<void> | undefined;
  ended: MailboxEnd | undefined;
  /** What keeps requests from getting through: polls and rejoins, and sends. The app is told of one at a time. */
  readonly outage: Outage;
  readonly sendOutage: Outage;
  onError: ((error: HoldlineError) => void) | undefined;
  /** Whether polls get through. */
  onReachable: ((isReachable: boolean) => void) | undefined;
  onRejoined: ((joined: JoinResult) => void) | undefined;
  onEnded: ((end: MailboxEnd) => void) | undefined;

  /** @param askedAtMs when joining began */
  constructor(env: Env, joined: JoinResult, cursor: string, askedAtMs: number) {
    this.#env = env;
    this.#backoff = new Backoff(env);
    this.outage = new Outage(env.timers, (error) => this.sendOutage.isTold || this.onError?.(error));
    this.sendOutage = new Outage(env.timers, (error) => this.outage.isTold || this.onError?.(error));
    this.joined = joined;
    this.askedAtMs = askedAtMs;
    this.advance(cursor);
  }

  /** Everything up to here was handled. */
  advance(cursor: string | undefined): void {
    const isNews = cursor !== this.cursor;
    this.cursor = cursor;
    const { participantId, token } = this.joined;
    if (cursor && isNews) void this.#env.keeper.save({ participantId, token, cursor });
  }

  /** One request as this participant. @throws HoldlineError once the session has ended */
  async request<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    this.#check();
    const { token } = this.joined;
    const answer = await this.#env.http.exchange({ ...request, token });
    this.#check();
    if (answer.kind === 'ok') this.#backoff.reset();
    const isLost =
      answer.kind === 'problem' && (answer.problem.status === 401 || answer.problem.code === 'participant-gone');
    if (!isLost) return answer;
    if (token === this.joined.token) await this.#recover(answer);
    this.#check();
    return { kind: 'cut', cause: 'rejoined', error: errorOf(answer), ageMs: answer.ageMs };
  }

  /**
   * Asks as this participant until there is an answer: see `persist`.
   * @param deadlineMs by the client's clock; once when omitted, and once more if it had to join again for that
   * @throws HoldlineError the server's refusal, that time is over, or why the session ended
   */
  persist<Body>(request: HttpRequest<Body>, deadlineMs = 0, persistence?: Persistence): Promise<Body> {
    const attempt = async (): Promise<Answer<Body>> => {
      const answer = await this.request(request);
      const isOnce = deadlineMs === 0 && answer.kind === 'cut' && answer.cause === 'rejoined';
      return isOnce ? this.request(request) : answer;
    };
    return persist(this.#env, attempt, () => deadlineMs, persistence);
  }

  /** A poll or a rejoin failed: emits the state, and the cause if the outage lasts. */
  failed(failure: Failure): void {
    this.onReachable?.(false);
    this.outage.failed(errorOf(failure), isLasting(failure));
  }

  /** Tells the server what was handled, outside of a poll; also a sign of life while the app handles messages. */
  async acknowledge(): Promise<Answer<unknown>> {
    return this.#env.http.exchange({
      operation: 'acknowledgeMessages',
      path: '/messages/ack',
      body: { cursor: this.cursor },
      token: this.joined.token,
      // The page may be about to go.
      keepalive: true,
    });
  }

  /** Whether the server can be reached right now, as far as polls tell and by a small request that changes nothing. */
  async getsThrough(): Promise<boolean> {
    return !this.outage.error && (await this.acknowledge()).kind !== 'cut';
  }

  end(reason: EndReason, error: HoldlineError): void {
    if (this.ended) return;
    this.ended = { reason, error };
    if (reason === 'left' || reason === 'gone') void this.#env.keeper.forget(this.joined.token);
    this.#env.alarm.ring();
    this.onEnded?.(this.ended);
  }

  #check(): void {
    if (this.ended) throw this.ended.error;
  }

  async #recover(refused: Refused): Promise<void> {
    const { problem } = refused;
    const isForgotten = problem.status === 401;
    const isSoon = this.#env.timers.now() - this.askedAtMs < FORGOTTEN_SOON_MS;
    const { join, accessToken = join } = this.#env.options;
    if (isStripped(refused)) this.end('failed', errorOf(refused));
    // A join that proves who it is would throw out the other client, which would do the same in turn.
    else if ((isForgotten && isSoon && accessToken) || problem.reason === 'replaced') this.takenOver(refusal(problem));
    else if (isForgotten || problem.reason === 'timeout') await (this.#rejoining ??= this.#rejoin());
    else this.end('gone', refusal(problem));
  }

  async #rejoin(): Promise<void> {
    // No server can make it join in a loop: the back-off is reset by the first request that works.
    await this.#env.alarm.sleep(this.#backoff.next());
    try {
      this.#check();
      const body = { participantId: this.joined.participantId, resume: true };
      const askedAtMs = this.#env.timers.now();
      const joined = await joinAs(this.#env, body, () => (this.ended ? 0 : Infinity), {
        isFinal: this.#isFinal,
        onFailure: (failure) => this.failed(failure),
      });
      if (this.ended?.reason === 'left') return void sendLeave(this.#env, joined).catch(() => undefined);
      this.joined = joined;
      this.askedAtMs = askedAtMs;
      if (!joined.resumed) this.advance(joined.cursor);
      if (!this.ended) this.onRejoined?.(joined);
    } catch (thrown) {
      const error = thrown as HoldlineError;
      // Somebody else may be there under our name.
      if (error.code === 'participant-exists') this.takenOver(error);
      else this.end('failed', error);
    } finally {
      this.#rejoining = undefined;
    }
  }

  /** Waiting mends a room that is full, and an app that hands out an expired token for a while. */
  readonly #isFinal = ({ retryable, code, status }: Problem): boolean =>
    !retryable &&
    code !== 'room-full' &&
    !(/401|403/.test(String(status)) && typeof this.#env.options.accessToken === 'function');

  /** @param cause how that showed */
  takenOver(cause: HoldlineError): void {
    this.end('taken-over', new HoldlineError('taken-over', undefined, cause));
  }
}
