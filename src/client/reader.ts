import type { Batch } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { Inbox, type Deliver } from './inbox.ts';
import { LAST_POLL_MS } from './limits.ts';
import { PollLoop } from './poll-loop.ts';
import type { Session } from './session.ts';
import type { Transport, TransportChange, TransportHost, TransportName, TransportStop } from './transport.ts';

/** Reads the mailbox: by polls, or by a transport that has proved itself. One inbox takes the batches of both. */
export class Reader implements TransportHost {
  readonly session: Session;
  readonly context: MailboxContext;
  readonly #inbox: Inbox;
  readonly #loop: PollLoop;
  readonly #other: Transport | undefined;
  #isRunning = false;
  transport: TransportName = 'poll';

  constructor(session: Session, context: MailboxContext, deliver: Deliver) {
    this.session = session;
    this.context = context;
    this.#inbox = new Inbox(session, context, deliver);
    this.#loop = new PollLoop(session, context, this.#inbox);
    this.#other = context.options.transports?.[0]?.(this);
  }

  /** How long the next poll asks to be held, in seconds. */
  get waitSeconds(): number {
    return this.#loop.waitSeconds;
  }

  run(): void {
    this.#isRunning = true;
    void this.#loop.run();
    this.#other?.start();
  }

  hold(): void {
    this.#loop.pause();
  }

  receive(batch: Batch, after: string | undefined): Promise<number> {
    this.#become('socket', 'proven');
    this.session.become('connected');
    this.#loop.abort();
    return this.#inbox.take(batch, { cursor: after, line: this.session.line });
  }

  poll(reason: TransportChange['reason']): void {
    this.#become('poll', reason);
    this.#loop.resume();
  }

  /**
   * Polls at once. `stale`: connections are probably dead, and the network may be another one.
   */
  wake(stale: boolean, why: TransportStop = 'wake'): void {
    if (stale) {
      this.restart(why);
      this.#loop.reset();
    }
    this.context.wake();
  }

  /** The page may stop at any moment. Until `restart` no poll takes the transport's place: it would be lost, too. */
  suspend(): void {
    this.#other?.stop('hidden');
  }

  /** Gives up the transport's connection and polls; it may connect again. */
  restart(why: TransportStop): void {
    this.#other?.stop(why);
    this.poll(why);
    if (this.#isRunning) this.#other?.start();
  }

  /** Resolves when the server has answered the poll in flight, which it does at once after a leave. */
  async drain(): Promise<void> {
    await Promise.race([this.#loop.answered, this.context.sleep(LAST_POLL_MS)]);
  }

  stop(): void {
    this.#isRunning = false;
    this.#other?.stop('ended');
    this.#loop.stop();
    this.context.wake();
  }

  #become(transport: TransportName, reason: TransportChange['reason']): void {
    if (transport === this.transport || this.session.ended) return;
    this.transport = transport;
    this.context.emit('transport', { transport, reason });
  }
}
