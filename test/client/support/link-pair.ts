import { PeerLink } from '../../../src/client/peer-link.ts';
import { Runtime } from '../../../src/client/runtime.ts';
import { FakePeer } from './fake-peer.ts';
import { VirtualTime } from './virtual-time.ts';

type Sent = readonly [type: string, payload: Record<string, unknown>];

/** One side: a link on a fake peer connection, and what it did. */
export class LinkSide {
  readonly peer: FakePeer;
  readonly link: PeerLink;
  readonly sent: Sent[] = [];
  readonly steps: string[] = [];
  readonly errors: unknown[] = [];
  readonly aborted: unknown[] = [];
  /** What sending a message of that type rejects with. */
  readonly refusals = new Map<string, Error>();
  other: LinkSide | undefined;
  /** Holds messages back instead of delivering them. */
  isCut = false;
  #ids = 0;

  constructor(time: VirtualTime, name: string, polite: boolean, peer: FakePeer) {
    this.peer = peer;
    const runtime = new Runtime({ timers: time });
    this.link = new PeerLink(peer, !polite, {
      polite,
      runtime: {
        after: (delayMs, callback) => runtime.after(delayMs, callback),
        newId: () => `${name}${(this.#ids += 1)}`,
      },
      timeoutMs: 30_000,
      send: ({ type, payload }) => this.#send([type, { ...(payload as object) }]),
      abort: (error) => void this.aborted.push(error),
      up: () => void this.steps.push('up'),
      down: () => void this.steps.push('down'),
      giveUp: () => void this.steps.push('given up'),
      fail: (error) => void this.errors.push(error),
    });
  }

  get types(): string[] {
    return this.sent.map(([type]) => type);
  }

  async #send(message: Sent): Promise<void> {
    const refusal = this.refusals.get(message[0]);
    if (refusal !== undefined) throw refusal;
    this.sent.push(message);
    if (!this.isCut) this.other?.link.receive(...message);
  }
}

/** Two links that exchange their messages directly. The caller is impolite, as its id sorts first. */
export class LinkPair {
  readonly time = new VirtualTime();
  readonly caller: LinkSide;
  readonly callee: LinkSide;

  constructor(callerPeer = new FakePeer('a'), calleePeer = new FakePeer('b')) {
    this.caller = new LinkSide(this.time, 'a', false, callerPeer);
    this.callee = new LinkSide(this.time, 'b', true, calleePeer);
    this.caller.other = this.callee;
    this.callee.other = this.caller;
  }

  /** Many turns, as each description takes some. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 60; turn += 1) await this.time.advance(1);
  }

  /** Lets the time pass in steps, in each of which descriptions have their turns. */
  async pass(durationMs: number): Promise<void> {
    await this.settle();
    for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
      await this.time.advance(100);
      for (let turn = 0; turn < 12; turn += 1) await this.time.advance(0);
    }
  }

  get errors(): unknown[] {
    return [...this.caller.errors, ...this.callee.errors];
  }

  /** The signalling states of both peer connections. */
  get states(): string[] {
    return [this.caller.peer.state, this.callee.peer.state];
  }
}
