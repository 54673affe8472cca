import type { JoinResult, Problem } from '../wire/index.ts';
import type { Env } from './env.ts';
import { HoldlineError } from './errors.ts';
import type { Answer, Failure, HttpRequest, Refused } from './http.ts';
import { joinAs } from './join.ts';
import { sendLeave } from './leave.ts';
import type { EndReason, MailboxEnd, MailboxState } from './mailbox-events.ts';

/** Longer than a restart of the server, or a phone's change of networks. React Native shows errors without a listener to users. */
const BLIP_MS = 10_000;
/** A server that forgets its participants again this soon has not lost its store: somebody else joins as this one. */
const FORGOTTEN_SOON_MS = 60_000;

/** Who we are in the room, where we are in the mailbox, and what to do when the server no longer thinks so. */
export class Session {
  readonly #env: Env;
  joined: JoinResult;
  /** When the participants of `joined` were asked for. */
  askedAtMs: number;
  cursor: string | undefined;
  #rejoining: Promise<void> | undefined;
  ended: MailboxEnd | undefined;
  /** What keeps polls, rejoins or sends from getting through: the last failure of the outage. */
  failure: HoldlineError | undefined;
  #failingSinceMs = 0;
  #isTold = false;
  state: MailboxState = 'idle';
  onRejoined: ((joined: JoinResult) => void) | undefined;
  onEnded: ((end: MailboxEnd) => void) | undefined;

  /** @param askedAtMs when joining began */
  constructor(env: Env, joined: JoinResult, cursor: string, askedAtMs: number) {
    this.#env = env;
    this.joined = joined;
    this.askedAtMs = askedAtMs;
    this.advance(cursor);
  }

  /** Everything up to here was handled. */
  advance(cursor: string | undefined): void {
    this.cursor = cursor;
    const { participantId, token } = this.joined;
    if (cursor) void this.#env.keeper.save({ participantId, token, cursor });
  }

  /** One request as this participant. @throws HoldlineError once the session has ended */
  async request<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    this.#check();
    const { token } = this.joined;
    const answer = await this.#env.http.exchange({ ...request, token });
    this.#check();
    if (answer.kind === 'ok') this.works();
    const isLost =
      answer.kind === 'problem' && (answer.problem.status === 401 || answer.problem.code === 'participant-gone');
    if (!isLost) return answer;
    if (token === this.joined.token) await this.#recover(answer);
    this.#check();
    return { kind: 'cut', cause: 'rejoined', error: answer.error, ageMs: answer.ageMs };
  }

  /** Asks once, and once more if it had to join again for that. @throws HoldlineError why there is no answer */
  async ask<Body>(request: HttpRequest<Body>): Promise<Body> {
    let answer = await this.request(request);
    if (answer.kind === 'cut' && answer.cause === 'rejoined') answer = await this.request(request);
    if (answer.kind === 'ok') return answer.body;
    throw answer.error;
  }

  /** A request failed. Emits `error` once per outage: when it lasts, or when waiting alone does not mend it. */
  failed(failure: Failure): void {
    const { error } = failure;
    const nowMs = this.#env.now();
    if (!this.failure) this.#failingSinceMs = nowMs;
    // Such as a login page; but a proxy may answer one request in the server's place while that restarts.
    const isLasting =
      this.failure && (failure.kind === 'cut' ? failure.cause === 'foreign' : !failure.problem.retryable);
    this.failure = error;
    if (this.#isTold || (!isLasting && nowMs - this.#failingSinceMs < BLIP_MS)) return;
    this.#isTold = true;
    this.#env.emit('error', error);
  }

  /** A poll or a rejoin failed. */
  readonly cutOff = (failure: Failure): void => {
    this.become('reconnecting');
    this.failed(failure);
  };

  become(state: MailboxState): void {
    if (state === this.state || this.state === 'ended') return;
    this.state = state;
    this.#env.emit('state', state);
  }

  /** Requests get through again. */
  works(): void {
    this.failure = undefined;
    this.#isTold = false;
  }

  /** Tells the server what was handled, outside of a poll; also a sign of life while the app handles messages. */
  acknowledge(): Promise<Answer<unknown>> {
    return this.#env.http.exchange({
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
    this.#env.wake();
    this.onEnded?.(this.ended);
  }

  #check(): void {
    if (this.ended) throw this.ended.error;
  }

  async #recover({ problem, error }: Refused): Promise<void> {
    const isForgotten = problem.status === 401;
    const isSoon = this.#env.now() - this.askedAtMs < FORGOTTEN_SOON_MS;
    const { join, accessToken = join } = this.#env.options;
    if (error.code === 'authorization-stripped') this.end('failed', error);
    // A join that proves who it is would throw out the other client, which would do the same in turn.
    else if ((isForgotten && isSoon && accessToken) || problem.reason === 'replaced') this.takenOver(error);
    else if (isForgotten || problem.reason === 'timeout') await (this.#rejoining ??= this.#rejoin());
    else this.end('gone', error);
  }

  async #rejoin(): Promise<void> {
    try {
      const body = { participantId: this.joined.participantId, resume: true };
      const askedAtMs = this.#env.now();
      const joined = await joinAs(this.#env, body, () => (this.ended ? 0 : Infinity), {
        isFinal: this.#isFinal,
        onFailure: this.cutOff,
      });
      if (this.ended?.reason === 'left') return void sendLeave(this.#env, joined).catch(() => undefined);
      this.joined = joined;
      this.askedAtMs = askedAtMs;
      this.advance(joined.resumed ? this.cursor : joined.cursor);
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
    !([401, 403].includes(status) && typeof this.#env.options.accessToken === 'function');

  /** @param cause how that showed */
  takenOver(cause: HoldlineError): void {
    this.end('taken-over', new HoldlineError('taken-over', cause));
  }
}
