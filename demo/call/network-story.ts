import type { Exchange, HoldlineError, Mailbox, TransportChange } from '../../src/client/index.ts';
import type { LastingFault, NetworkEvent, Outage } from './bad-network.ts';
import { BEGAN, causeOf, ENDED, LEFT, messagesOf, SWITCHED, type CutPoll } from './network-words.ts';
import { seconds } from './words.ts';

const SHORT_OUTAGE_MS = 1_000;
/** The client makes no further attempt for half an hour after so many. */
const REFUSALS_THAT_LAST = 3;

/** The state of the mailbox and its calls that the story compares before and after each event. */
export interface StorySource {
  readonly mailbox: Pick<Mailbox, 'waitSeconds' | 'limits' | 'state' | 'transport'>;
  readonly connectedCalls: () => number;
  readonly now?: () => number;
}

/** Tells in sentences what a bad network does and how the client copes, from the events of both. */
export class NetworkStory {
  readonly #source: StorySource;
  readonly #now: () => number;
  readonly #tell: (sentence: string) => void;
  #waitSeconds: number;
  /** The last two polls without an answer. */
  #cuts: readonly CutPoll[] = [];
  /** Messages in a lost answer that have not come again. */
  #lostIds: readonly string[] = [];
  #isPollLost = false;
  #failingSinceMs: number | undefined;
  #outage: Outage | undefined;
  #isPortalSeen = false;
  /** The client has left its socket, and the next poll has not begun. */
  #left: { readonly words: string; readonly atMs: number } | undefined;
  /** Sockets that were refused in a row. */
  #refused = 0;
  /** Calls at the beginning of an outage that have stayed connected since. */
  #steadyCalls = 0;

  constructor(source: StorySource, tell: (sentence: string) => void) {
    this.#source = source;
    this.#now = source.now ?? (() => Date.now());
    this.#tell = tell;
    this.#waitSeconds = source.mailbox.waitSeconds;
  }

  onNetwork(event: NetworkEvent): void {
    switch (event.kind) {
      case 'switched':
        this.#onSwitched(event.fault, event.isOn);
        break;
      case 'poll-began':
        this.#onPoll();
        break;
      case 'outage-began':
        this.#onOutage(event.outage);
        break;
      case 'outage-ended':
        this.#outage = undefined;
        this.#tell(ENDED[event.outage]);
        break;
      case 'answer-lost':
        this.#onAnswerLost(event);
        break;
      case 'answer-replayed':
        this.#tell('The server recognised the repeated request: the message was stored once.');
        break;
      case 'sockets-killed':
        this.#tell(
          event.count === 0 ? 'No WebSocket is open, so there is nothing to kill.' : 'The WebSocket was killed.',
        );
        break;
      case 'socket-opening':
        this.#refused = 0;
        this.#tell('The client opens a WebSocket, and polls until it has proved itself.');
        break;
      case 'socket-refused':
        this.#refused += 1;
        this.#tell('A new WebSocket failed. The client polls on.');
    }
  }

  onTransport({ transport, reason }: TransportChange): void {
    if (transport === 'socket') this.#tell('The socket is proven: reading moved there.');
    else {
      const words = LEFT[reason] ?? `The server ended the reading by the socket (${reason})`;
      this.#left = { words, atMs: this.#now() };
    }
  }

  onExchange(exchange: Exchange): void {
    const isPoll = exchange.operation === 'pollMessages';
    if (exchange.kind !== 'cut') {
      if (this.#source.mailbox.state !== 'reconnecting') this.#failingSinceMs = undefined;
      if (isPoll && exchange.kind === 'ok') this.#onBatch(exchange.body as Batch);
    } else if (exchange.cause !== 'aborted' && exchange.cause !== 'rejoined') {
      this.#failingSinceMs ??= this.#now();
      if (exchange.cause === 'foreign') this.#onForeign();
      if (isPoll) this.#onCut(exchange.ageMs);
    }
  }

  onState(state: Mailbox['state']): void {
    if (state !== 'connected' || this.#failingSinceMs === undefined) return;
    const outageMs = this.#now() - this.#failingSinceMs;
    this.#failingSinceMs = undefined;
    // One lost request, which has been told already.
    if (outageMs < SHORT_OUTAGE_MS) return;
    const call = this.#steadyCalls > 0 ? ' The call went on all the while.' : '';
    this.#tell(`The server answers again, after ${seconds(outageMs)}.${call}`);
  }

  /** An error that the client emits, for an app to act on. */
  onError({ code }: HoldlineError): void {
    this.#tell(`The client reports the outage to the app: an error event with the code "${code}".`);
  }

  onCallLost(): void {
    this.#steadyCalls = Math.max(0, this.#steadyCalls - 1);
  }

  /** A poll begins. The client has learned from the one before it. */
  #onPoll(): void {
    const { waitSeconds } = this.#source.mailbox;
    if (waitSeconds < this.#waitSeconds && this.#cuts.length > 0) {
      this.#tell(`${causeOf(this.#cuts)}: polls now end at ${String(waitSeconds)} s.`);
    } else if (waitSeconds > this.#waitSeconds) this.#tell(`Polls may be held for ${String(waitSeconds)} s again.`);
    this.#waitSeconds = waitSeconds;
    if (this.#left === undefined) return;
    this.#tell(`${this.#left.words}: polling again after ${seconds(this.#now() - this.#left.atMs)}.`);
    this.#left = undefined;
  }

  #onSwitched(fault: LastingFault, isOn: boolean): void {
    const [on, off] = SWITCHED[fault];
    this.#tell((isOn ? on : off) + (isOn ? this.#whatHinders(fault) : this.#whatStays(fault)));
  }

  #whatHinders(fault: LastingFault): string {
    const isIdle = fault === 'cut-polls' && this.#source.mailbox.transport === 'socket';
    return isIdle ? ' The socket reads, so there is none: block WebSockets, too.' : '';
  }

  #whatStays(fault: LastingFault): string {
    if (fault === 'block-sockets' && this.#refused >= REFUSALS_THAT_LAST) {
      return ' The client tries again half an hour after the last attempt, or once the device comes back online.';
    }
    const { waitSeconds, limits } = this.#source.mailbox;
    if (fault !== 'cut-polls' || waitSeconds >= limits.defaultWaitSeconds) return '';
    return ` The client stays at ${String(waitSeconds)} s for half an hour, or until the device comes back online.`;
  }

  #onOutage(outage: Outage): void {
    this.#outage = outage;
    this.#isPortalSeen = false;
    this.#failingSinceMs ??= this.#now();
    this.#steadyCalls = this.#source.connectedCalls();
    this.#tell(BEGAN[outage]);
  }

  #onAnswerLost({ operation, messageIds }: Extract<NetworkEvent, { kind: 'answer-lost' }>): void {
    if (operation === 'send') this.#tell('The answer to a send was lost. The client sends the same request again.');
    else if (operation === 'other') this.#tell('An answer was lost.');
    else {
      this.#isPollLost = true;
      this.#lostIds = messageIds;
      const content = messageIds.length === 0 ? 'It was empty' : `${messagesOf(messageIds.length)} in it`;
      this.#tell(`The answer to a poll was lost. ${content}: the next poll asks from the same place.`);
    }
  }

  #onForeign(): void {
    if (this.#isPortalSeen) return;
    this.#isPortalSeen = true;
    this.#tell('The client does not take the login page for an answer. It keeps trying.');
  }

  #onCut(ageMs: number): void {
    const isLost = this.#isPollLost;
    this.#isPollLost = false;
    this.#cuts = [...this.#cuts.slice(-1), { ageMs, isLost }];
    if (!isLost && this.#outage === undefined)
      this.#tell(`A poll was cut after ${seconds(ageMs)}. The client polls again.`);
  }

  #onBatch({ messages, waitSeconds = Infinity }: Batch): void {
    if (waitSeconds < this.#waitSeconds) {
      this.#tell(`The server ended a poll after ${String(waitSeconds)} s by itself: it has noticed the cuts, too.`);
    }
    if (this.#lostIds.length === 0) return;
    const ids = new Set(messages.map(({ id }) => id));
    const again = this.#lostIds.filter((id) => ids.has(id));
    if (again.length > 0) this.#tell(`${messagesOf(again.length)} of the lost answer came again.`);
    this.#lostIds = this.#lostIds.filter((id) => !ids.has(id));
  }
}

interface Batch {
  readonly messages: readonly { readonly id: string }[];
  readonly waitSeconds?: number;
}
