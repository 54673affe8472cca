import type { JoinResult, Limits } from '../wire/index.ts';
import type { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import { HoldlineError, refusal } from './errors.ts';
import { isEmptyAnswer, type Answer, type Http, type HttpRequest } from './http.ts';
import type { Joiner } from './join.ts';
import type { Platform } from './platform.ts';
import type { Keeper } from './storage.ts';

/** Why a mailbox ended; see `HoldlineError.code`. `failed`: the server refused something that no retry mends. */
export type EndReason = 'left' | 'closed' | 'taken-over' | 'gone' | 'failed';

export interface MailboxEnd {
  readonly reason: EndReason;
  /** What pending sends are rejected with. */
  readonly error: HoldlineError;
}

/** `rejoined`: what the request relied on is no more; ask again with the new token and cursor. */
export type SessionAnswer<Body> = Answer<Body> | { readonly kind: 'rejoined' } | { readonly kind: 'ended' };

export interface SessionParts {
  readonly http: Http;
  readonly joiner: Joiner;
  readonly keeper: Keeper;
  readonly platform: Platform;
  readonly alarm: Alarm;
}

/** A server that forgets its participants again this soon has not lost its store: somebody else joins as this one. */
const FORGOTTEN_SOON_MS = 60_000;
const ACK_MS = 5_000;

/** Who we are in the room, where we are in the mailbox, and what to do when the server no longer thinks so. */
export class Session {
  readonly #parts: SessionParts;
  readonly #backoff: Backoff;
  #joined: JoinResult;
  #joinedAtMs: number;
  #cursor: string | undefined;
  /** The cursor that the server has been told. */
  #acknowledged: string | undefined;
  #rejoining: Promise<void> | undefined;
  #end: MailboxEnd | undefined;
  onRejoined: (joined: JoinResult) => void = () => undefined;
  onEnded: (end: MailboxEnd) => void = () => undefined;

  constructor(parts: SessionParts, joined: JoinResult, cursor: string) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.platform.random);
    this.#joined = joined;
    this.#joinedAtMs = parts.platform.timers.now();
    this.#acknowledged = joined.cursor;
    this.#cursor = cursor;
    this.#keep();
  }

  get joined(): JoinResult {
    return this.#joined;
  }

  /** A server that is older than this client may lack some of them. */
  get limits(): Partial<Limits> {
    return this.#joined.limits ?? {};
  }

  get ended(): MailboxEnd | undefined {
    return this.#end;
  }

  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Everything up to here was handled. */
  advance(cursor: string | undefined): void {
    if (cursor === this.#cursor) return;
    this.#cursor = cursor;
    this.#keep();
  }

  /** One request as this participant. Never rejects. */
  async request<Body>(request: HttpRequest<Body>): Promise<SessionAnswer<Body>> {
    if (this.#end !== undefined) return { kind: 'ended' };
    const { token } = this.#joined;
    const answer = await this.#parts.http.exchange({ ...request, token });
    if (answer.kind === 'ok') this.#backoff.reset();
    if (answer.kind === 'problem' && (answer.problem.status === 401 || answer.problem.code === 'participant-gone')) {
      await this.#lost(token, answer);
      return { kind: this.#isOver() ? 'ended' : 'rejoined' };
    }
    return this.#isOver() ? { kind: 'ended' } : answer;
  }

  /** Tells the server what was handled, outside of a poll; also a sign of life while the app handles messages. */
  async acknowledge(keepalive = false): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    const answer = await this.#parts.http.exchange({
      operation: 'acknowledgeMessages',
      path: '/messages/ack',
      body: { cursor },
      token: this.#joined.token,
      timeoutMs: ACK_MS,
      isAnswer: isEmptyAnswer,
      keepalive,
    });
    if (answer.kind === 'ok') this.#acknowledged = cursor;
  }

  /** A poll with this cursor was answered. */
  noteAcknowledged(cursor: string | undefined): void {
    this.#acknowledged = cursor;
  }

  get hasUnacknowledged(): boolean {
    return this.#cursor !== this.#acknowledged;
  }

  end(reason: EndReason, error: HoldlineError): void {
    if (this.#end !== undefined) return;
    this.#end = { reason, error };
    if (reason === 'left' || reason === 'gone') void this.#parts.keeper.forget(this.#joined.token);
    this.#parts.alarm.ring();
    this.onEnded(this.#end);
  }

  async #lost(token: string, { problem }: Extract<Answer<unknown>, { kind: 'problem' }>): Promise<void> {
    if (token !== this.#joined.token) return;
    const forgotten = problem.status === 401;
    const soon = this.#parts.platform.timers.now() - this.#joinedAtMs < FORGOTTEN_SOON_MS;
    // A join that proves who it is would throw out the other client, which would do the same in turn.
    const contested = forgotten && soon && this.#parts.joiner.provesIdentity;
    if (contested || problem.reason === 'replaced') this.#takenOver();
    else if (forgotten || problem.reason === 'timeout') await (this.#rejoining ??= this.#rejoin());
    else this.end('gone', refusal(problem));
  }

  async #rejoin(): Promise<void> {
    const { joiner, alarm, platform } = this.#parts;
    // No server can make it join in a loop: the back-off is reset by the first request that works.
    await alarm.sleep(this.#backoff.next());
    try {
      const joined = await joiner.again(this.#joined.participantId, () => this.#end?.error);
      if (this.#isOver()) return;
      this.#joined = joined;
      this.#joinedAtMs = platform.timers.now();
      this.#acknowledged = joined.cursor;
      if (!joined.resumed) this.#cursor = joined.cursor;
      this.#keep();
      this.onRejoined(joined);
    } catch (cause) {
      this.#refused(cause);
    } finally {
      this.#rejoining = undefined;
    }
  }

  #refused(cause: unknown): void {
    const error = cause instanceof HoldlineError ? cause : new HoldlineError('network', 'Joining failed.', { cause });
    // Somebody else is there under our name.
    if (error.code === 'participant-exists') this.#takenOver();
    else this.end('failed', error);
  }

  #takenOver(): void {
    this.end('taken-over', new HoldlineError('taken-over', 'Another client speaks for this participant now.'));
  }

  #isOver(): boolean {
    return this.#end !== undefined;
  }

  #keep(): void {
    if (this.#cursor === undefined) return;
    const { participantId, token } = this.#joined;
    void this.#parts.keeper.save({ participantId, token, cursor: this.#cursor });
  }
}
