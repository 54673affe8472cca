import type { Exchange, Mailbox, TransportName } from '../../src/client/index.ts';
import type { BadNetwork } from './bad-network.ts';
import { byId, clockTime, make } from './dom.ts';
import { linesOf, receivedLine, type PanelLine } from './exchange-lines.ts';
import { Timeline, type MarkKind } from './timeline.ts';
import { duration } from './words.ts';

const MAX_LINES = 200;
const MEDIAN_OF = 9;
const TICK_MS = 250;

const ARROWS: Readonly<Record<PanelLine['kind'], string>> = {
  poll: '⟳',
  sent: '↑',
  received: '↓',
  other: '·',
  told: '»',
};

/** Requests, messages and the state of the poll, live. */
export class Panel {
  readonly #log = byId('panel-log', HTMLOListElement);
  readonly #poll = byId('fact-poll', HTMLElement);
  readonly #progress = byId('poll-progress', HTMLProgressElement);
  readonly #network = byId('fact-network', HTMLElement);
  readonly #latency = byId('fact-latency', HTMLElement);
  readonly #media = byId('fact-media', HTMLElement);
  readonly #timeline = new Timeline();
  readonly #latenciesMs: number[] = [];
  /** Messages of the last poll. The next one begins when they are handled. */
  #polledIds: ReadonlySet<string> = new Set();
  #socketSinceMs: number | undefined;
  #held: { readonly sinceMs: number; readonly waitSeconds: number } | undefined;
  #cuts = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param nameOf the display name of a participant */
  open(nameOf: (participantId: string) => string, mailbox: Mailbox, network: BadNetwork): void {
    network.on((event) => {
      if (event.kind === 'poll-began' && event.waitSeconds > 0) this.#pollBegan(event.waitSeconds);
    });
    mailbox.on('exchange', (exchange) => this.#show(exchange, nameOf, mailbox));
    mailbox.on('transport', ({ transport }) => this.#onTransport(transport));
    mailbox.on('state', () => this.#showNetwork(mailbox));
    mailbox.on('message', (message) => {
      // Messages in the answer to a poll are in the log already.
      if (!this.#polledIds.has(message.id)) this.#addExchanged(receivedLine(message, nameOf));
    });
    this.#showNetwork(mailbox);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#held = undefined;
    this.#onTransport('poll');
    this.#cuts = 0;
    this.#latenciesMs.length = 0;
    this.#log.replaceChildren();
    this.#timeline.clear();
    this.mediaPath = undefined;
  }

  /** Adds a sentence to the log. */
  tell(sentence: string): void {
    this.#add({ kind: 'told', text: sentence, note: '', failed: false });
  }

  joined(durationMs: number): void {
    this.#add({ kind: 'other', text: 'join the room', note: duration(durationMs), failed: false });
    this.#measure(durationMs);
  }

  set mediaPath(path: string | undefined) {
    this.#media.textContent = path ?? 'none yet';
  }

  #pollBegan(waitSeconds: number): void {
    this.#held = { sinceMs: Date.now(), waitSeconds };
    this.#timeline.begin('poll');
  }

  #onTransport(transport: TransportName): void {
    const isSocket = transport === 'socket';
    this.#socketSinceMs = isSocket ? Date.now() : undefined;
    this.#progress.hidden = isSocket;
    if (isSocket) this.#timeline.begin('socket');
    else this.#timeline.end();
  }

  #show(exchange: Exchange, nameOf: (participantId: string) => string, mailbox: Mailbox): void {
    const isPoll = exchange.operation === 'pollMessages';
    if (isPoll) this.#held = undefined;
    if (isPoll && exchange.kind === 'cut' && exchange.cause !== 'aborted') this.#cuts += 1;
    if (!isPoll && exchange.kind === 'ok') this.#measure(exchange.ageMs);
    if (isPoll && exchange.kind === 'ok') this.#polledIds = idsOf(exchange.body as Batch);
    for (const line of linesOf(exchange, nameOf)) this.#addExchanged(line, isPoll ? exchange.ageMs : 0);
    // The client updates its state after it has emitted the exchange.
    queueMicrotask(() => this.#showNetwork(mailbox));
    this.#timeline.draw();
  }

  #addExchanged(line: PanelLine, durationMs = 0): void {
    this.#add(line);
    const kind = markOf(line);
    if (kind !== undefined) this.#timeline.mark(kind, durationMs);
  }

  #add({ kind, text, note, failed }: PanelLine): void {
    const arrow = make('span', 'arrow', ARROWS[kind]);
    arrow.ariaHidden = 'true';
    const item = make('li', `${kind}${failed ? ' failed' : ''}`, clockTime(), arrow, make('span', 'what', text));
    item.append(make('span', 'note', note));
    this.#log.prepend(item);
    if (this.#log.childElementCount > MAX_LINES) this.#log.lastElementChild?.remove();
  }

  #measure(ms: number): void {
    this.#latenciesMs.push(ms);
    if (this.#latenciesMs.length > MEDIAN_OF) this.#latenciesMs.shift();
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b);
    this.#latency.textContent = `${duration(sorted[sorted.length >> 1] ?? 0)} (median)`;
  }

  #showNetwork({ state, waitSeconds, limits }: Mailbox): void {
    const { defaultWaitSeconds } = limits;
    const cuts = this.#cuts === 0 ? '' : `${String(this.#cuts)} ${this.#cuts === 1 ? 'poll was' : 'polls were'} cut; `;
    if (state === 'reconnecting') this.#network.textContent = 'the server cannot be reached';
    else if (waitSeconds < defaultWaitSeconds) {
      this.#network.textContent = `${cuts}polls now ask for ${String(waitSeconds)} s instead of ${String(defaultWaitSeconds)}`;
    } else this.#network.textContent = `${cuts}polls may wait for ${String(waitSeconds)} s`;
  }

  #tick(): void {
    this.#timeline.draw();
    if (this.#socketSinceMs !== undefined) {
      const seconds = (Date.now() - this.#socketSinceMs) / 1_000;
      this.#poll.textContent = `none: a socket reads (${seconds.toFixed(0)} s)`;
      return;
    }
    if (this.#held === undefined) {
      this.#poll.textContent = 'between two polls';
      return;
    }
    const { sinceMs, waitSeconds } = this.#held;
    const seconds = (Date.now() - sinceMs) / 1_000;
    this.#poll.textContent = `held for ${seconds.toFixed(0)} s of at most ${String(waitSeconds)}`;
    this.#progress.max = waitSeconds;
    this.#progress.value = seconds;
  }
}

interface Batch {
  readonly messages: readonly { readonly id: string }[];
}

const idsOf = ({ messages }: Batch): ReadonlySet<string> => new Set(messages.map(({ id }) => id));

function markOf({ kind, failed }: PanelLine): Exclude<MarkKind, 'socket'> | undefined {
  if (kind === 'other' || kind === 'told') return undefined;
  return kind === 'poll' && failed ? 'cut' : kind;
}
