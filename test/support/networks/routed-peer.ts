import { EventEmitter, once } from 'node:events';
import {
  type FetchLike,
  joinRoom,
  type Mailbox,
  type TransportChange,
  type TransportName,
} from '../../../src/client/index.ts';
import { socket } from '../../../src/client/socket.ts';
import { onCleanUp } from '../clean-up.ts';
import type { HttpRoute } from './http-route.ts';
import { RoutedWebSockets } from './routed-web-sockets.ts';
import { TurnableTime } from './turnable-time.ts';

/** What a client runs on. */
class Platform {
  readonly time = new TurnableTime();
  readonly webSockets: RoutedWebSockets;
  readonly changed = new EventEmitter();
  /** The number of polls in flight that may be held. */
  heldPolls = 0;
  readonly #route: HttpRoute;

  constructor(route: HttpRoute) {
    this.#route = route;
    this.webSockets = new RoutedWebSockets(route, this.changed);
  }

  readonly fetch: FetchLike = async (url, init) => {
    if (!/"wait":[1-9]/.test(init.body ?? '')) return this.#route.fetch(url, init);
    this.heldPolls += 1;
    this.changed.emit('change');
    return this.#route.fetch(url, init).finally(() => (this.heldPolls -= 1));
  };
}

/** The published client with `socket()` on Node, whose requests and WebSockets take one route. Sends numbers. */
export class RoutedPeer {
  readonly mailbox: Mailbox;
  readonly changes: TransportChange[] = [];
  /** The numbers that arrived, in their order. */
  readonly received: number[] = [];
  readonly #platform: Platform;
  #sent = 0;

  private constructor(mailbox: Mailbox, platform: Platform) {
    this.mailbox = mailbox;
    this.#platform = platform;
    onCleanUp(() => mailbox.close());
    mailbox.on('transport', (change) => {
      this.changes.push(change);
      platform.changed.emit('change');
    });
    mailbox.on('message', ({ type, payload }) => {
      if (type !== 'custom') return;
      this.received.push(Number(payload));
      platform.changed.emit('change');
    });
  }

  static async join(route: HttpRoute, roomId: string, participantId: string): Promise<RoutedPeer> {
    const platform = new Platform(route);
    const { fetch, time: timers, webSockets } = platform;
    const transports = [socket({ WebSocket: webSockets.WebSocket })];
    const options = { baseUrl: route.url, fetch, roomId, participantId, timers, transports };
    return new RoutedPeer(await joinRoom(options), platform);
  }

  get time(): TurnableTime {
    return this.#platform.time;
  }

  get webSockets(): RoutedWebSockets {
    return this.#platform.webSockets;
  }

  /** The numbers that the other side should have received. */
  get sent(): number[] {
    return Array.from({ length: this.#sent }, (_, index) => index + 1);
  }

  /** Sends the next number, and returns once it is stored. */
  async send(to: RoutedPeer): Promise<void> {
    this.#sent += 1;
    await this.mailbox.send({ type: 'custom', to: to.mailbox.participantId, payload: this.#sent });
  }

  /** Resolves once the last number of the other side has arrived. */
  untilReceived(from: RoutedPeer): Promise<void> {
    return this.until(() => this.received.includes(from.#sent));
  }

  /** Resolves once the mailbox is read that way. */
  untilReadsBy(transport: TransportName): Promise<void> {
    return this.until(() => this.mailbox.transport === transport);
  }

  /** Resolves once the mailbox is read by a socket, or by a poll while no WebSocket is tried. */
  untilCalm(): Promise<void> {
    const { webSockets } = this;
    return this.until(() => {
      const isPolling = this.#platform.heldPolls > 0 && webSockets.inUse === 0;
      return isPolling || this.mailbox.transport === 'socket';
    });
  }

  /** Resolves once the condition holds, which is checked when the transport, a WebSocket or a poll changes. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.#platform.changed, 'change');
  }
}

/** Each sends a number, and both arrive. */
export async function sendBothWays(one: RoutedPeer, other: RoutedPeer): Promise<void> {
  await Promise.all([one.send(other), other.send(one)]);
  await Promise.all([one.untilReceived(other), other.untilReceived(one)]);
}
