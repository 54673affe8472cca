import type {
  IceServer,
  IceServersResult,
  JoinResult,
  Limits,
  ParticipantView,
  Receipt,
  ReceivedMessage,
} from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { HoldlineError } from './errors.ts';
import { Emitter } from './events.ts';
import { FLUSH_MS } from './limits.ts';
import type { MailboxEnd, MailboxEvents, MailboxState } from './mailbox-events.ts';
import { ASYNC_ITERATOR, iterate } from './message-iterator.ts';
import type { OutgoingMessage } from './messages.ts';
import { Outbox } from './outbox.ts';
import { followPage } from './page-lifecycle.ts';
import { Reader } from './reader.ts';
import { Roster } from './roster.ts';
import type { Runtime } from './runtime.ts';
import type { Session } from './session.ts';
import type { TransportName } from './transport.ts';

/** The messages behind the one that is being handled, as far as they are known. */
export interface Upcoming {
  /** The rest of its batch. */
  readonly messages: readonly ReceivedMessage[];
  /** Whether the server has further ones. */
  readonly more: boolean;
}

const NOTHING: Upcoming = { messages: [], more: false };

/** A participant's place in a room: sends and receives messages until it ends. Created by `joinRoom`. */
export class Mailbox extends Emitter<MailboxEvents> implements AsyncIterable<ReceivedMessage> {
  readonly #session: Session;
  readonly #context: MailboxContext;
  readonly #outbox: Outbox;
  readonly #reader: Reader;
  readonly #roster: Roster;
  readonly #unfollowPage: () => void;
  #iceServers: readonly IceServer[] = [];
  #isPolling = false;
  #ending: Promise<void> | undefined;
  #onListener = (): void => undefined;
  #upcoming = NOTHING;

  /** @internal */
  constructor(session: Session, context: MailboxContext) {
    super();
    this.#session = session;
    this.#context = context;
    this.#outbox = new Outbox(session, context);
    this.#roster = new Roster(context);
    this.#reader = new Reader(session, context, this.#deliver);
    this.#unfollowPage = followPage(context, session, this.#outbox, this.#reader);
    context.emit = (name, event) => this.emit(name, event);
    this.on('gap', ({ cause }) => {
      // A departure may be among the missed messages. Should this fail, the next gap tries again.
      if (cause !== 'rejoined') this.refreshParticipants().catch(() => undefined);
    });
    session.onEnded = (end) => void (this.#ending = this.#end(end));
    session.onRejoined = (joined) => {
      this.#enter(joined);
      this.#reader.restart('rejoined');
      if (this.#isPolling) this.#session.become('connected');
      if (!joined.resumed) this.emit('gap', { cause: 'rejoined' });
    };
    // The app has no listeners yet, so those who are in the room already cause no events.
    this.#enter(session.joined);
  }

  /** @internal */
  get runtime(): Runtime {
    return this.#context;
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

  /** Whether an earlier mailbox was resumed: messages that were not handled before arrive now. */
  get resumed(): boolean {
    return this.#session.joined.resumed;
  }

  /** The participants of the room, this one included, kept up to date by received messages. */
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

  /** How long the next poll asks to be held, in seconds: lowered when the network cuts longer polls. */
  get waitSeconds(): number {
    return this.#reader.waitSeconds;
  }

  /** How the mailbox is read at the moment. Always `poll` without the option `transports`. */
  get transport(): TransportName {
    return this.#reader.transport;
  }

  /**
   * Polling begins with the first listener for `message`, or the first iteration, and pauses while there is none: a
   * message that nothing handles is not acknowledged. @returns a function that removes the listener
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
   * `for await (const message of mailbox)`: each message is acknowledged when the loop asks for the next one or is
   * left. The loop ends after `leave()` and `close()`. It throws a HoldlineError `taken-over`, `participant-gone` or
   * the error that ended the mailbox.
   */
  [ASYNC_ITERATOR](): AsyncIterableIterator<ReceivedMessage> {
    return iterate(this, () => {
      const { ended } = this.#session;
      if (ended && ended.reason !== 'left' && ended.reason !== 'closed') throw ended.error;
      return Boolean(ended);
    });
  }

  /**
   * Stores a message in the mailbox of the recipient, or of all others in the room. Retries until the message's
   * lifetime (`ttlSeconds`) is over; a retry never stores it twice. Each recipient gets messages in the order of the
   * calls; messages sent together go as one request.
   * @returns its recipients, and which of them are listening
   * @throws HoldlineError `recipient-not-found`, `lifetime-over`, `too-large`, `proxy-refused`, `invalid-request`,
   * `taken-over`, `participant-gone`, `closed`
   */
  send(message: OutgoingMessage): Promise<Receipt> {
    return this.#outbox.send(message);
  }

  /**
   * Polls at once instead of waiting for a time-out: call it when the app comes to the foreground. Browsers need no
   * call.
   */
  wake(): void {
    this.#reader.wake(true);
  }

  /** Asks the server, once, for the participants of the room. @throws HoldlineError */
  refreshParticipants(): Promise<readonly ParticipantView[]> {
    return this.#roster.refresh(this.#session);
  }

  /**
   * Fetches fresh STUN and TURN servers: credentials expire. @returns them, and their lifetime in seconds. @throws
   * HoldlineError
   */
  async fetchIceServers(): Promise<IceServersResult> {
    const get = { operation: 'getIceServers', path: '/ice-servers', expects: 'iceServers' } as const;
    const result = await this.#session.ask<IceServersResult>(get);
    this.#iceServers = result.iceServers;
    return result;
  }

  /**
   * Leaves the room: the others are informed at once. Waits up to 2 s for pending messages. Never rejects: when the
   * server cannot be reached, an `error` event, `leave-failed`, comes before `ended`.
   */
  leave(): Promise<void> {
    return this.#stop('left');
  }

  /**
   * Stops without leaving: the participant stays until its idle time is over, and can be resumed until then. Never
   * rejects.
   */
  close(): Promise<void> {
    return this.#stop('closed');
  }

  async #stop(reason: 'left' | 'closed'): Promise<void> {
    const error = new HoldlineError('closed', this.#session.failure);
    if (this.#session.ended) return;
    await Promise.race([this.#outbox.drained(), this.#context.sleep(FLUSH_MS)]);
    this.#session.end(reason, error);
    await this.#ending;
  }

  #enter({ iceServers, participants }: JoinResult): void {
    this.#iceServers = iceServers;
    this.#roster.replace(participants, this.#session.askedAtMs);
  }

  #startPolling(): void {
    this.#onListener();
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#reader.run();
    // The state does not wait for the poll's answer: a held poll is answered only when there is a message.
    this.#session.become('connected');
  }

  readonly #deliver = async (messages: readonly ReceivedMessage[], more: boolean): Promise<void> => {
    const receivedAtMs = this.#context.now();
    for (const [index, message] of messages.entries()) {
      // Without a listener the message is not acknowledged: it waits for the next one.
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
    const { storage, sharing } = this.#context;
    this.#unfollowPage();
    // After a leave the server answers the poll itself, which keeps the connection. Other requests may need it sooner.
    const isAnswered = end.reason === 'left' && !sharing.isNeeded && !sharing.isCrowded && !this.#outbox.isPageStopping;
    if (!isAnswered) this.#reader.stop();
    this.#outbox.end(end.error);
    storage.unlock();
    if (end.reason === 'left') {
      this.emit('before-end', 'left');
      try {
        await this.#session.leave();
        await this.#reader.drain();
      } catch (cause) {
        this.fail(new HoldlineError('leave-failed', cause, (cause as HoldlineError).problem));
      }
    }
    this.#reader.stop();
    sharing.close();
    this.#session.become('ended');
    this.emit('ended', end);
    if (end.reason === 'closed') await this.#session.acknowledge();
  }
}
