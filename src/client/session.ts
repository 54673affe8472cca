import type { JoinResult } from '../wire/index.ts';
import { Backoff } from './backoff.ts';
import { persist, type Env } from './env.ts';
import { HoldlineError, refusal, type ErrorCode } from './errors.ts';
import type { Answer, HttpRequest } from './http.ts';
import { joinAs } from './join.ts';
import { sendLeave } from './leave.ts';

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
  onRejoined: ((joined: JoinResult) => void) | undefined;
  onEnded: ((end: MailboxEnd) => void) | undefined;

  /** @param askedAtMs when joining began */
  constructor(env: Env, joined: JoinResult, cursor: string, askedAtMs: number) {
    this.#env = env;
    this.#backoff = new Backoff(env.random);
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
    const lost =
      answer.kind === 'problem' && (answer.problem.status === 401 || answer.problem.code === 'participant-gone');
    if (!lost) return answer;
    if (token === this.joined.token) await this.#recover(answer);
    this.#check();
    return { kind: 'cut', cause: 'rejoined', ageMs: answer.ageMs };
  }

  /**
   * Asks as this participant until there is an answer: see `persist`.
   * @param deadlineMs by the client's clock; once when omitted
   * @throws HoldlineError the server's refusal, that time is over, or why the session ended
   */
  persist<Body>(request: HttpRequest<Body>, deadlineMs = 0, code?: ErrorCode): Promise<Body> {
    return persist(
      this.#env,
      () => this.request(request),
      () => deadlineMs,
      code,
    );
  }

  /** Tells the server what was handled, outside of a poll; also a sign of life while the app handles messages. */
  async acknowledge(): Promise<void> {
    await this.#env.http.exchange({
      operation: 'acknowledgeMessages',
      path: '/messages/ack',
      body: { cursor: this.cursor },
      token: this.joined.token,
      // The page may be about to go.
      keepalive: true,
    });
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

  async #recover({ problem }: Extract<Answer<unknown>, { kind: 'problem' }>): Promise<void> {
    const forgotten = problem.status === 401;
    const soon = this.#env.timers.now() - this.askedAtMs < FORGOTTEN_SOON_MS;
    // A join that proves who it is would throw out the other client, which would do the same in turn.
    const { join, accessToken = join } = this.#env.options;
    const contested = forgotten && soon && accessToken;
    if (contested || problem.reason === 'replaced') this.takenOver();
    else if (forgotten || problem.reason === 'timeout') await (this.#rejoining ??= this.#rejoin());
    else this.end('gone', refusal(problem));
  }

  async #rejoin(): Promise<void> {
    // No server can make it join in a loop: the back-off is reset by the first request that works.
    await this.#env.alarm.sleep(this.#backoff.next());
    try {
      this.#check();
      const body = { participantId: this.joined.participantId, resume: true };
      const askedAtMs = this.#env.timers.now();
      const joined = await joinAs(this.#env, body, () => (this.ended ? 0 : Infinity));
      if (this.ended?.reason === 'left') return void sendLeave(this.#env, joined).catch(() => undefined);
      this.joined = joined;
      this.askedAtMs = askedAtMs;
      if (!joined.resumed) this.advance(joined.cursor);
      if (!this.ended) this.onRejoined?.(joined);
    } catch (error) {
      // Somebody else may be there under our name.
      if ((error as HoldlineError).code === 'participant-exists') this.takenOver();
      else this.end('failed', error as HoldlineError);
    } finally {
      this.#rejoining = undefined;
    }
  }

  takenOver(): void {
    this.end('taken-over', new HoldlineError('taken-over'));
  }
}
