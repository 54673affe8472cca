import type { JoinResult, Limits } from '../wire/index.ts';
import { Backoff } from './backoff.ts';
import { persist, type Env, type Stopped } from './env.ts';
import { HoldlineError, refusal } from './errors.ts';
import type { Answer, HttpRequest } from './http.ts';
import { joinAnew, provesIdentity } from './join.ts';

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
  #joined: JoinResult;
  #joinedAtMs: number;
  #cursor: string | undefined;
  #rejoining: Promise<void> | undefined;
  #ended: MailboxEnd | undefined;
  onRejoined: ((joined: JoinResult) => void) | undefined;
  onEnded: ((end: MailboxEnd) => void) | undefined;

  constructor(env: Env, joined: JoinResult, cursor: string) {
    this.#env = env;
    this.#backoff = new Backoff(env.random);
    this.#joined = joined;
    this.#joinedAtMs = env.timers.now();
    this.advance(cursor);
  }

  get joined(): JoinResult {
    return this.#joined;
  }

  /** A server that is older than this client may lack some of them. */
  get limits(): Partial<Limits> {
    const joined: Partial<JoinResult> = this.#joined;
    return joined.limits ?? {};
  }

  get ended(): MailboxEnd | undefined {
    return this.#ended;
  }

  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Everything up to here was handled. */
  advance(cursor: string | undefined): void {
    const isNews = cursor !== this.#cursor;
    this.#cursor = cursor;
    const { participantId, token } = this.#joined;
    if (cursor && isNews) void this.#env.keeper.save({ participantId, token, cursor });
  }

  /** One request as this participant. @throws HoldlineError once the session has ended */
  async request<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    this.#check();
    const { token } = this.#joined;
    const answer = await this.#env.http.exchange({ ...request, token });
    this.#check();
    if (answer.kind === 'ok') this.#backoff.reset();
    const lost =
      answer.kind === 'problem' && (answer.problem.status === 401 || answer.problem.code === 'participant-gone');
    if (!lost) return answer;
    if (token === this.#joined.token) await this.#recover(answer);
    this.#check();
    return { kind: 'cut', cause: 'rejoined', ageMs: answer.ageMs };
  }

  /** Repeats a request as this participant. @throws HoldlineError the server's refusal, why it stopped, or why the session ended */
  persist<Body>(request: HttpRequest<Body>, stopped: Stopped): Promise<Body> {
    return persist(this.#env, () => this.request(request), stopped);
  }

  /** Tells the server what was handled, outside of a poll; also a sign of life while the app handles messages. */
  async acknowledge(keepalive = false): Promise<void> {
    await this.#env.http.exchange({
      operation: 'acknowledgeMessages',
      path: '/messages/ack',
      body: { cursor: this.#cursor },
      token: this.#joined.token,
      keepalive,
    });
  }

  end(reason: EndReason, error: HoldlineError): void {
    if (this.#ended) return;
    this.#ended = { reason, error };
    if (reason === 'left' || reason === 'gone') void this.#env.keeper.forget(this.#joined.token);
    this.#env.alarm.ring();
    this.onEnded?.(this.#ended);
  }

  #check(): void {
    if (this.#ended) throw this.#ended.error;
  }

  async #recover({ problem }: Extract<Answer<unknown>, { kind: 'problem' }>): Promise<void> {
    const forgotten = problem.status === 401;
    const soon = this.#env.timers.now() - this.#joinedAtMs < FORGOTTEN_SOON_MS;
    // A join that proves who it is would throw out the other client, which would do the same in turn.
    const contested = forgotten && soon && provesIdentity(this.#env);
    if (contested || problem.reason === 'replaced') this.takenOver();
    else if (forgotten || problem.reason === 'timeout') await (this.#rejoining ??= this.#rejoin());
    else this.end('gone', refusal(problem));
  }

  async #rejoin(): Promise<void> {
    // No server can make it join in a loop: the back-off is reset by the first request that works.
    await this.#env.alarm.sleep(this.#backoff.next());
    try {
      const body = { participantId: this.#joined.participantId, resume: true };
      const joined = await joinAnew(this.#env, body, () => this.#ended?.error);
      this.#check();
      this.#joined = joined;
      this.#joinedAtMs = this.#env.timers.now();
      if (!joined.resumed) this.advance(joined.cursor);
      this.onRejoined?.(joined);
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
