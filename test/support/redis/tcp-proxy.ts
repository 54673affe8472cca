import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onCleanUp } from '../clean-up.ts';

/** The connections that a fault affects. Subscribers are recognized by their commands. */
type Which = 'all' | 'subscribers';

/** A network between a program and its Redis. */
export class TcpProxy {
  readonly port: number;
  /** Target port of new connections. */
  target: number;
  /** Delay of each chunk, in either direction. */
  delayMs = 0;
  readonly #watchers = new Set<(text: string) => void>();
  readonly #links = new Set<Link>();
  #stalled: Which | undefined;
  #healed = Promise.withResolvers<undefined>();

  private constructor(port: number, target: number) {
    this.port = port;
    this.target = target;
  }

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy((server.address() as AddressInfo).port, target);
    server.on('connection', (near) => proxy.#accept(near));
    onCleanUp(() => {
      server.close();
      proxy.cut();
    });
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Drops all data from now on, including the end of a connection, so that neither side notices. */
  stall(which: Which = 'all'): void {
    this.#stalled = which;
  }

  /** New connections work again. Data in transit on the others arrives late or never. */
  heal(rest: 'late' | 'lost'): void {
    if (rest === 'lost') for (const link of this.#links) if (this.#isStalled(link)) link.isDead = true;
    this.#stalled = undefined;
    this.#healed.resolve(undefined);
    this.#healed = Promise.withResolvers();
  }

  /** Resolves once each of these texts has arrived from a client, forwarded or not. */
  seen(texts: readonly string[]): Promise<void> {
    const missing = new Set(texts);
    return new Promise((resolve) => {
      const look = (arrived: string): void => {
        for (const text of missing) if (arrived.includes(text)) missing.delete(text);
        if (missing.size > 0) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** Resets every connection. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  #accept(near: Socket): void {
    const link = new Link(near, connect({ port: this.target, host: '127.0.0.1', noDelay: true }), (of) =>
      this.#gate(of),
    );
    this.#links.add(link);
    near.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      for (const look of this.#watchers) look(text);
    });
    void link.closed.then(() => this.#links.delete(link));
  }

  async #gate(link: Link): Promise<void> {
    const { delayMs } = this;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    while (this.#isStalled(link)) await this.#healed.promise;
    if (link.isDead) await new Promise(() => undefined);
  }

  #isStalled({ isSubscriber }: Link): boolean {
    return this.#stalled === 'all' || (this.#stalled === 'subscribers' && isSubscriber);
  }
}

/** One connection through the proxy. */
class Link {
  isSubscriber = false;
  isDead = false;
  readonly closed: Promise<unknown>;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #gate: (link: Link) => Promise<void>;

  constructor(near: Socket, far: Socket, gate: (link: Link) => Promise<void>) {
    this.#near = near.setNoDelay();
    this.#far = far;
    this.#gate = gate;
    this.closed = Promise.all([near, far].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    near.on('data', (bytes: Buffer) => (this.isSubscriber ||= /\bs?subscribe\b/i.test(bytes.toString('latin1'))));
    this.#carry(near, far);
    this.#carry(far, near);
  }

  reset(): void {
    for (const socket of [this.#near, this.#far]) socket.destroy();
  }

  /** Forwards chunks in order, each when the proxy allows it; the end of the connection comes last. */
  #carry(from: Socket, to: Socket): void {
    let tail = Promise.resolve();
    const then = (step: () => void): void => {
      const passed = this.#gate(this);
      tail = tail.then(() => passed).then(step);
    };
    from.on('error', () => undefined);
    from.on('data', (bytes: Buffer) => then(() => to.write(bytes)));
    from.once('close', () => then(() => to.destroy()));
  }
}
