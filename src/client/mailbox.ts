import type {
  IceServer,
  IceServersResult,
  JoinResult,
  Limits,
  ParticipantList,
  ParticipantView,
  Receipt,
  ReceivedMessage,
} from '../wire/index.ts';
import type { Env } from './env.ts';
import { HoldlineError } from './errors.ts';
import { Emitter } from './events.ts';
import { ASYNC_ITERATOR, iterate } from './inbox.ts';
import type { MailboxEnd, MailboxEvents, MailboxState } from './mailbox-events.ts';
import { sendLeave } from './leave.ts';
import type { OutgoingMessage } from './messages.ts';
import { Outbox } from './outbox.ts';
import { PollLoop } from './poll-loop.ts';
import { Roster } from './roster.ts';
import type { Runtime } from './runtime.ts';
import type { Session } from './session.ts';
import { watchPage, type PageStop } from './wake.ts';

/** How long `leave()` waits for messages on their way, such as a `hangup`. */
const FLUSH_MS = 2_000;

/** What is known of the messages behind the one that is being handled. */
export interface Upcoming {
  /** The rest of its batch. */
  readonly messages: readonly ReceivedMessage[];
  /** Whether the server has further ones. */
  readonly more: boolean;
}

const NOTHING: Upcoming = { messages: [], more: false };

/** A participant's place in a room: sends, receives, and keeps both going. Made by `joinRoom`. */
export class Mailbox extends Emitter<MailboxEvents> implements AsyncIterable<ReceivedMessage> {
  readonly #session: Session;
  readonly #env: Env;
  readonly #outbox: Outbox;
  readonly #loop: PollLoop;
  readonly #roster: Roster;
  readonly #stopWatching: () => void;
  #iceServers: readonly IceServer[] = [];
  #isPolling = false;
  #ending: Promise<void> | undefined;
  #onListener = (): void => undefined;
  #upcoming = NOTHING;

  /** @internal */
  constructor(session: Session, env: Env) {
    super();
    this.#session = session;
    this.#env = env;
    this.#outbox = new Outbox(session, env);
    this.#roster = new Roster(env);
    this.#loop = new PollLoop(session, env, this.#deliver);
    this.#stopWatching = watchPage(env, {
      wake: (stale) => this.#loop.wake(stale),
      stop: this.#onPageStop,
      resume: this.#onPageResume,
    });
    env.emit = (name, event) => this.emit(name, event);
    this.on('gap', ({ cause }) => {
      // A departure may be among what was missed. The next gap tries again, should this fail.
      if (cause !== 'rejoined') this.refreshParticipants().catch(() => undefined);
    });
    session.onEnded = (end) => void (this.#ending = this.#end(end));
    session.onRejoined = (joined) => {
      this.#enter(joined);
      if (this.#isPolling) this.#session.become('connected');
      if (!joined.resumed) this.emit('gap', { cause: 'rejoined' });
    };
    // Nobody listens yet who could be told of those who are there.
    this.#enter(session.joined);
  }

  /** @internal */
  get runtime(): Runtime {
    return this.#env;
  }

  /** @internal */
  get upcoming(): Upcoming {
    return this.#upcoming;
  }

  get roomId(): string {
    return this.#session.joined.roomId;
  }

  get participantId(): string {
    return this.#session.joined.participantId;
  }

  /** Whether a mailbox of before was taken up: messages that were not handled then come now. */
  get resumed(): boolean {
    return this.#session.joined.resumed;
  }

  /** Who is in the room, oneself included, kept up to date by what is received. */
  get participants(): readonly ParticipantView[] {
    return this.#roster.participants;
  }

  /** STUN and TURN servers as of the last join or `fetchIceServers()`: `new RTCPeerConnection({ iceServers })`. */
  get iceServers(): IceServer[] {
    return [...this.#iceServers];
  }

  /** The server's bounds, as of the last join. */
  get limits(): Limits {
    return this.#session.joined.limits;
  }

  get state(): MailboxState {
    return this.#session.state;
  }

  /** What the next poll asks to be held, in seconds: lowered when the network cuts longer ones. */
  get waitSeconds(): number {
    return this.#loop.waitSeconds;
  }

  /**
   * Polling begins with the first listener for `message`, or the first iteration, and rests while there is none: nothing is
   * acknowledged that nobody handles. @returns a function that stops listening
   */
  override on<Name extends keyof MailboxEvents>(
    name: Name,
    listener: (event: MailboxEvents[Name]) => unknown,
  ): () => void {
    const off = super.on(name, listener);
    if (name === 'message') this.#startPolling();
    return off;
  }

  /**
   * `for await (const message of mailbox)`: each message is acknowledged when the loop asks for the next one or is left. The
   * loop ends after `leave()` and `close()`, and throws a HoldlineError `taken-over`, `participant-gone` or what made the mailbox fail.
   */
  [ASYNC_ITERATOR](): AsyncIterableIterator<ReceivedMessage> {
    return iterate(this, () => {
      const { ended } = this.#session;
      // What was asked for is no error.
      if (ended && ended.reason !== 'left' && ended.reason !== 'closed') throw ended.error;
      return Boolean(ended);
    });
  }

  /**
   * Stores a message in the recipient's mailbox, or everyone's. Retried until its lifetime (`ttlSeconds`) is over, without
   * doubling it. Each recipient gets messages in the order of the calls; those sent together go as one request.
   * @returns who got it, and who listens right now
   * @throws HoldlineError `recipient-not-found`, `lifetime-over`, `too-large`, `proxy-refused`, `invalid-request`, `taken-over`,
   * `participant-gone`, `closed`
   */
  send(message: OutgoingMessage): Promise<Receipt> {
    return this.#outbox.send(message);
  }

  /** Polls at once instead of waiting for a time-out: call it when the app comes to the foreground. Browsers do it by themselves. */
  wake(): void {
    this.#loop.wake(true);
  }

  /** Asks the server, once, who is in the room. @throws HoldlineError */
  async refreshParticipants(): Promise<readonly ParticipantView[]> {
    const list = { operation: 'listParticipants', path: '/participants', expects: 'participants' } as const;
    for (;;) {
      const before = this.participants;
      const askedAtMs = this.#env.now();
      const { participants } = await this.#session.ask<ParticipantList>(list);
      // Somebody came or went meanwhile: before or after the list was made, nobody can tell.
      if (before !== this.participants) continue;
      this.#roster.replace(participants, askedAtMs);
      return this.participants;
    }
  }

  /** Fresh STUN and TURN servers: credentials run out. @returns them, and after how many seconds to ask again. @throws HoldlineError */
  async fetchIceServers(): Promise<IceServersResult> {
    const get = { operation: 'getIceServers', path: '/ice-servers', expects: 'iceServers' } as const;
    const result = await this.#session.ask<IceServersResult>(get);
    this.#iceServers = result.iceServers;
    return result;
  }

  /**
   * Leaves the room: the others are told at once. Waits up to 2 s for messages on their way. Never rejects: a server that cannot be
   * told so is an `error` event, `leave-failed`, before `ended`.
   */
  async leave(): Promise<void> {
    await this.#stop('left');
  }

  /** Stops without leaving: the participant stays until its idle time is over, and can be resumed until then. Never rejects. */
  async close(): Promise<void> {
    await this.#stop('closed');
  }

  async #stop(reason: 'left' | 'closed'): Promise<void> {
    const error = new HoldlineError('closed', this.#session.failure);
    if (this.#session.ended) return;
    await Promise.race([this.#outbox.drained(), this.#env.sleep(FLUSH_MS)]);
    this.#session.end(reason, error);
    await this.#ending;
  }

  /** The page stops running, and may never go on. What was handled is acknowledged, the rest comes again. */
  readonly #onPageStop = (stop: PageStop): void => {
    // The participant stays: the page may be reloaded.
    if (stop === 'closed') this.emit('before-end', 'page-closes');
    this.#outbox.flush();
    // Whatever pauses before another attempt makes it now.
    this.#env.wake();
    void this.#session.acknowledge();
    if (stop === 'frozen') return;
    // The next page may take the mailbox up. Held on to, they would also keep this one out of the back-forward cache.
    this.#env.keeper.unlock();
    this.#env.sharing.close();
  };

  readonly #onPageResume = (): void => {
    this.#outbox.resume();
    void this.#env.keeper.lock();
    this.#env.sharing.open();
  };

  #enter({ iceServers, participants }: JoinResult): void {
    this.#iceServers = iceServers;
    this.#roster.replace(participants, this.#session.askedAtMs);
  }

  #startPolling(): void {
    this.#onListener();
    if (this.#isPolling) return;
    this.#isPolling = true;
    void this.#loop.run();
    // The join was answered, and a poll is out: held polls are answered only when there is news.
    this.#session.become('connected');
  }

  readonly #deliver = async (messages: readonly ReceivedMessage[], more: boolean): Promise<void> => {
    const receivedAtMs = this.#env.now();
    for (const [index, message] of messages.entries()) {
      // What nobody handles is not acknowledged: it waits for the next listener.
      while (!this.has('message')) await new Promise<void>((resolve) => (this.#onListener = resolve));
      if (this.#session.ended) return;
      this.#upcoming = { messages: messages.slice(index + 1), more };
      this.#roster.apply(message, receivedAtMs);
      await this.emitAndWait('message', message);
    }
    this.#upcoming = NOTHING;
    if (!more) this.emit('caught-up', undefined);
  };

  async #end(end: MailboxEnd): Promise<void> {
    this.#stopWatching();
    this.#loop.stop();
    this.#outbox.end(end.error);
    this.#env.keeper.unlock();
    if (end.reason === 'left') {
      this.emit('before-end', 'left');
      try {
        await sendLeave(this.#env, this.#session.joined);
      } catch (cause) {
        this.fail(new HoldlineError('leave-failed', cause, (cause as HoldlineError).problem));
      }
    }
    this.#env.sharing.close();
    this.#session.become('ended');
    this.emit('ended', end);
    if (end.reason === 'closed') await this.#session.acknowledge();
  }
}
