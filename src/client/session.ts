import type { JoinResult, Problem } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { HoldlineError } from './errors.ts';
import type { Answer, Failure, HttpRequest, Refused } from './http.ts';
import { joinAs } from './join.ts';
import { SHORT_OUTAGE_MS, FORGOTTEN_SOON_MS, LEAVE_ATTEMPT_MS, LEAVE_MS } from './limits.ts';
import type { EndReason, MailboxEnd, MailboxState } from './mailbox-events.ts';
import { retryUntilSettled } from './retry.ts';

/** The participant's token and its position in the mailbox; joins again when the server no longer has it. */
export class Session {
  readonly #context: MailboxContext;
  joined: JoinResult;
  /** When the request was sent that `joined` answers. */
  askedAtMs: number;
  cursor: string | undefined;
  /** Counts the breaks in the line of cursors: cursors from before one say nothing about those after it. */
  line = 0;
  #rejoining: Promise<void> | undefined;
  ended: MailboxEnd | undefined;
  /** The last failure of the current outage of polls, rejoins or sends. */
  failure: HoldlineError | undefined;
  #failingSinceMs = 0;
  #isReported = false;
  state: MailboxState = 'idle';
  onRejoined: ((joined: JoinResult) => void) | undefined;
  onEnded: ((end: MailboxEnd) => void) | undefined;

  /** @param askedAtMs when joining began, by the client's clock */
  constructor(context: MailboxContext, joined: JoinResult, cursor: string, askedAtMs: number) {
    this.#context = context;
    this.joined = joined;
    this.askedAtMs = askedAtMs;
    this.advance(cursor);
  }

  /** Every message up to this cursor was handled. */
  advance(cursor: string | undefined): void {
    this.cursor = cursor;
    const { participantId, token } = this.joined;
    if (cursor) void this.#context.storage.save({ participantId, token, cursor });
  }

  /** Continues from a cursor that does not follow from the present one. */
  restart(cursor: string | undefined): void {
    this.line += 1;
    this.advance(cursor);
  }

  /** One request as this participant. @throws HoldlineError once the session has ended */
  async request<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    this.#check();
    const { token } = this.joined;
    const answer = await this.#context.http.exchange({ ...request, token });
    this.#check();
    if (answer.kind === 'ok') this.works();
    const isLost =
      answer.kind === 'problem' && (answer.problem.status === 401 || answer.problem.code === 'participant-gone');
    if (!isLost) return answer;
    if (token === this.joined.token) await this.#recover(answer);
    this.#check();
    return { kind: 'cut', cause: 'rejoined', error: answer.error, ageMs: answer.ageMs };
  }

  /**
   * Sends a request once, and once more if the participant had to join again. @throws HoldlineError why there is no
   * answer
   */
  async ask<Body>(request: HttpRequest<Body>): Promise<Body> {
    let answer = await this.request(request);
    if (answer.kind === 'cut' && answer.cause === 'rejoined') answer = await this.request(request);
    if (answer.kind === 'ok') return answer.body;
    throw answer.error;
  }

  /** Records a failed request. Emits `error` once per outage: when it lasts, or when waiting alone cannot end it. */
  failed(failure: Failure): void {
    const { error } = failure;
    const nowMs = this.#context.now();
    if (!this.failure) this.#failingSinceMs = nowMs;
    // Such as a login page. One such answer proves nothing: a proxy may give it while the server restarts.
    const isLasting =
      this.failure && (failure.kind === 'cut' ? failure.cause === 'foreign' : !failure.problem.retryable);
    this.failure = error;
    if (this.#isReported || (!isLasting && nowMs - this.#failingSinceMs < SHORT_OUTAGE_MS)) return;
    this.#isReported = true;
    this.#context.emit('error', error);
  }

  /** Records a failed poll or rejoin. */
  readonly cutOff = (failure: Failure): void => {
    this.become('reconnecting');
    this.failed(failure);
  };

  become(state: MailboxState): void {
    if (state === this.state || this.state === 'ended') return;
    this.state = state;
    this.#context.emit('state', state);
  }

  /** Requests get through again. */
  works(): void {
    this.failure = undefined;
    this.#isReported = false;
  }

  /**
   * Acknowledges handled messages outside of a poll; also keeps the participant present while the app handles messages.
   */
  acknowledge(): Promise<Answer<unknown>> {
    return this.#context.http.exchange({
      operation: 'acknowledgeMessages',
      path: '/messages/ack',
      body: JSON.stringify({ cursor: this.cursor }),
      token: this.joined.token,
      // The page may be about to close.
      keepalive: true,
    });
  }

  /**
   * Informs the server that the participant leaves.
   * @throws HoldlineError
   */
  async leave({ participantId, token } = this.joined): Promise<void> {
    const context = this.#context;
    const deadlineMs = context.now() + LEAVE_MS;
    const send = (request: Pick<HttpRequest<unknown>, 'operation' | 'path' | 'headers'>): Promise<unknown> =>
      retryUntilSettled(
        context,
        () => context.http.exchange({ ...request, body: '{}', token, timeoutMs: LEAVE_ATTEMPT_MS, keepalive: true }),
        () => deadlineMs,
      );
    const path = `/participants/${participantId}`;
    try {
      // A plain POST: some firewalls refuse DELETE, and the header that stands for it.
      await send({ operation: 'leaveRoomByPost', path: `${path}/leave` });
    } catch (error) {
      // Older servers lack that operation.
      const status = (error as HoldlineError).problem?.status;
      if (status !== 404 && status !== 405) throw error;
      await send({ operation: 'leaveRoom', path, headers: { 'X-HTTP-Method-Override': 'DELETE' } });
    }
  }

  end(reason: EndReason, error: HoldlineError): void {
    if (this.ended) return;
    this.ended = { reason, error };
    if (reason === 'left' || reason === 'gone') void this.#context.storage.forget(this.joined.token);
    this.#context.wake();
    this.onEnded?.(this.ended);
  }

  #check(): void {
    if (this.ended) throw this.ended.error;
  }

  async #recover({ problem, error }: Refused): Promise<void> {
    const isForgotten = problem.status === 401;
    const isSoon = this.#context.now() - this.askedAtMs < FORGOTTEN_SOON_MS;
    const { join, accessToken = join } = this.#context.options;
    if (error.code === 'authorization-stripped') this.end('failed', error);
    // An authenticated join would evict the other client, which would evict this one in turn.
    else if ((isForgotten && isSoon && accessToken) || problem.reason === 'replaced') this.takenOver(error);
    else if (isForgotten || problem.reason === 'timeout') await (this.#rejoining ??= this.#rejoin());
    else this.end('gone', error);
  }

  async #rejoin(): Promise<void> {
    try {
      const body = { participantId: this.joined.participantId, resume: true };
      const askedAtMs = this.#context.now();
      const joined = await joinAs(this.#context, body, () => (this.ended ? 0 : Infinity), {
        isFinal: this.#isFinal,
        onFailure: this.cutOff,
      });
      if (this.ended?.reason === 'left') return void this.leave(joined).catch(() => undefined);
      this.joined = joined;
      this.askedAtMs = askedAtMs;
      this.restart(joined.resumed ? this.cursor : joined.cursor);
      if (!this.ended) this.onRejoined?.(joined);
    } catch (thrown) {
      const error = thrown as HoldlineError;
      // Another client may be there under this name.
      if (error.code === 'participant-exists') this.takenOver(error);
      else this.end('failed', error);
    } finally {
      this.#rejoining = undefined;
    }
  }

  /**
   * Whether waiting cannot help. It can when the room is full, or when the app returns an expired token for a while.
   */
  readonly #isFinal = ({ retryable, code, status }: Problem): boolean =>
    !retryable &&
    code !== 'room-full' &&
    !([401, 403].includes(status) && typeof this.#context.options.accessToken === 'function');

  /** Ends the session because another client has taken the participant over. @param cause the answer that showed it */
  takenOver(cause: HoldlineError): void {
    this.end('taken-over', new HoldlineError('taken-over', cause));
  }
}
