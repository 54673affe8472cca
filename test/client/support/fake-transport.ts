import type { TransportFactory } from '../../../src/client/index.ts';
import type { Transport, TransportHost } from '../../../src/client/transport.ts';

type Given = Parameters<TransportHost['receive']>[0];

/** A transport that a test moves by hand. */
export class FakeTransport implements Transport {
  /** `start`, or why it was stopped. */
  readonly calls: string[] = [];
  #host: TransportHost | undefined;

  readonly create: TransportFactory = (host) => {
    this.#host = host;
    return this;
  };

  get host(): TransportHost {
    if (!this.#host) throw new Error('no mailbox has made this transport');
    return this.#host;
  }

  start(): void {
    this.calls.push('start');
  }

  stop(why: string): void {
    this.calls.push(why);
  }

  /** A batch that begins at `after` and ends at `cursor`. */
  receive(after: string | undefined, cursor: string, ...messages: unknown[]): Promise<unknown> {
    return this.host.receive({ messages: messages as Given['messages'], cursor, more: false, expired: 0 }, after);
  }
}
