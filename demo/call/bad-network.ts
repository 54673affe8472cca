import type { FetchInit, FetchLike, FetchReply, Timers } from '../../src/client/index.ts';
import type { WebSocketClass } from '../../src/client/socket.ts';
import { BadSockets, type SocketEvent } from './bad-socket.ts';

/** Faults that last until they are switched off. */
export type LastingFault = 'cut-polls' | 'lose-answers' | 'block-sockets';
/** Faults that end by themselves. */
export type Outage = 'captive-portal' | 'offline';

/** What happens in the network. Most of it the client cannot know. */
export type NetworkEvent =
  | { readonly kind: 'switched'; readonly fault: LastingFault; readonly isOn: boolean }
  | { readonly kind: 'poll-began'; readonly waitSeconds: number }
  | { readonly kind: 'outage-began' | 'outage-ended'; readonly outage: Outage }
  /** The request had reached the server. `messageIds`: the messages that the lost answer contained. */
  | { readonly kind: 'answer-lost'; readonly operation: Operation; readonly messageIds: readonly string[] }
  /** The server recognised a repeated request, and stored nothing twice. */
  | { readonly kind: 'answer-replayed' }
  | SocketEvent;

export type Operation = 'poll' | 'send' | 'other';

interface InFlight {
  readonly operation: Operation;
  readonly startedMs: number;
  /** Aborted when the network ends the connection. */
  readonly connection: AbortController;
  cancelCut: () => void;
}

const CUT_MS = 5_000;
const LOSE_EVERY = 3;
export const OUTAGE_MS: Readonly<Record<Outage, number>> = { 'captive-portal': 5_000, offline: 10_000 };

const systemTimers: Timers = {
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
  now: () => Date.now(),
};

/** The error with which Chromium's `fetch` reports a connection that failed. */
const connectionFailed = (): TypeError => new TypeError('Failed to fetch');

interface Page {
  readonly fetch: FetchLike;
  readonly WebSocket: WebSocketClass;
  /** Virtual in tests. */
  readonly timers?: Timers;
}

/** Passes the client's requests and sockets on, with the faults that are switched on. */
export class BadNetwork {
  readonly #fetch: FetchLike;
  readonly #timers: Timers;
  readonly #listeners = new Set<(event: NetworkEvent) => void>();
  readonly #inFlight = new Set<InFlight>();
  readonly #sockets: BadSockets;
  readonly #faults = new Set<LastingFault>();
  #outage: { readonly kind: Outage; readonly timer: unknown } | undefined;
  /** Answers since answers are being lost. */
  #answers = 0;

  constructor({ fetch, WebSocket, timers = systemTimers }: Page) {
    this.#fetch = fetch;
    this.#timers = timers;
    const isRefused = (): boolean => this.#outage !== undefined || this.#faults.has('block-sockets');
    this.#sockets = new BadSockets(WebSocket, isRefused, (event) => this.#emit(event));
  }

  /** For the client, in place of the page's own. */
  get WebSocket(): WebSocketClass {
    return this.#sockets.WebSocket;
  }

  on(listener: (event: NetworkEvent) => void): void {
    this.#listeners.add(listener);
  }

  has(fault: LastingFault): boolean {
    return this.#faults.has(fault);
  }

  switch(fault: LastingFault, isOn: boolean): void {
    if (isOn === this.#faults.has(fault)) return;
    if (isOn) this.#faults.add(fault);
    else this.#faults.delete(fault);
    this.#answers = 0;
    this.#emit({ kind: 'switched', fault, isOn });
    if (this.#faults.has('block-sockets')) this.#sockets.kill();
    for (const request of this.#inFlight) this.#limit(request);
  }

  /** Begins an outage in place of one that is under way. Every connection breaks, as in a change of networks. */
  begin(outage: Outage): void {
    this.#endOutage();
    const timer = this.#timers.setTimeout(() => this.#endOutage(), OUTAGE_MS[outage]);
    this.#outage = { kind: outage, timer };
    this.#emit({ kind: 'outage-began', outage });
    for (const { connection } of this.#inFlight) connection.abort();
    this.#sockets.kill();
  }

  /** Ends every open socket. The next one is not affected. */
  killSockets(): void {
    this.#emit({ kind: 'sockets-killed', count: this.#sockets.count });
    this.#sockets.kill();
  }

  /** The network is good from now on. */
  close(): void {
    this.#endOutage();
    for (const fault of [...this.#faults]) this.switch(fault, false);
    this.#listeners.clear();
  }

  readonly fetch: FetchLike = async (url, init) => {
    const operation = operationOf(url);
    if (operation === 'poll') this.#emit({ kind: 'poll-began', waitSeconds: waitOf(init.body) });
    if (this.#outage?.kind === 'offline') throw connectionFailed();
    if (this.#outage?.kind === 'captive-portal') return loginPage();
    const request: InFlight = {
      operation,
      startedMs: this.#timers.now(),
      connection: new AbortController(),
      cancelCut: () => undefined,
    };
    this.#inFlight.add(request);
    this.#limit(request);
    try {
      return await this.#ask(url, init, request);
    } catch (error) {
      throw request.connection.signal.aborted ? connectionFailed() : error;
    } finally {
      request.cancelCut();
      this.#inFlight.delete(request);
    }
  };

  /** Reads the whole answer, because a fault loses all of it or nothing. */
  async #ask(url: string, init: FetchInit, { operation, connection }: InFlight): Promise<FetchReply> {
    const signal = AbortSignal.any([init.signal, connection.signal]);
    const reply = await this.#fetch(url, { ...init, signal });
    const { status, headers } = reply;
    const text = await reply.text();
    this.#answers += 1;
    if (this.#faults.has('lose-answers') && this.#answers % LOSE_EVERY === 0) {
      this.#emit({ kind: 'answer-lost', operation, messageIds: operation === 'poll' ? idsOf(text) : [] });
      throw connectionFailed();
    }
    if (headers.get('Idempotency-Replayed') === 'true') this.#emit({ kind: 'answer-replayed' });
    return { status, headers, text: () => Promise.resolve(text) };
  }

  /** Cuts a poll at its time; one that is older, at once. */
  #limit(request: InFlight): void {
    request.cancelCut();
    if (request.operation !== 'poll' || !this.#faults.has('cut-polls')) return;
    const leftMs = Math.max(0, request.startedMs + CUT_MS - this.#timers.now());
    const timer = this.#timers.setTimeout(() => request.connection.abort(), leftMs);
    request.cancelCut = () => this.#timers.clearTimeout(timer);
  }

  #endOutage(): void {
    if (this.#outage === undefined) return;
    const { kind, timer } = this.#outage;
    this.#timers.clearTimeout(timer);
    this.#outage = undefined;
    this.#emit({ kind: 'outage-ended', outage: kind });
  }

  #emit(event: NetworkEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function operationOf(url: string): Operation {
  if (url.endsWith('/messages/poll')) return 'poll';
  return /\/messages(\/batch)?$/.test(url) ? 'send' : 'other';
}

const waitOf = (body: string | null): number => (JSON.parse(body ?? '{}') as { readonly wait?: number }).wait ?? 0;

/** Captive portals answer every request with 200 and a page of their own. */
const loginPage = (): FetchReply =>
  new Response('<!doctype html><title>Welcome to our Wi-Fi</title><h1>Please log in</h1>', {
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  });

/** The ids of the messages in a batch; none in another answer. */
function idsOf(text: string): string[] {
  try {
    const { messages = [] } = JSON.parse(text) as { readonly messages?: readonly { readonly id: string }[] };
    return messages.map(({ id }) => id);
  } catch {
    return [];
  }
}
