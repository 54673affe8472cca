import type { Exchange, HoldlineError, Mailbox } from '../../src/client/index.ts';
import type { LastingFault, NetworkEvent, Outage } from './bad-network.ts';
import { seconds } from './words.ts';

const SWITCHED: Readonly<Record<LastingFault, readonly [on: string, off: string]>> = {
  'cut-polls': ['The network now cuts every poll after 5 s, as some proxies do.', 'The network cuts no more polls.'],
  'lose-answers': [
    'The network now loses every third answer. Requests still reach the server.',
    'The network loses no more answers.',
  ],
};

const BEGAN: Readonly<Record<Outage, string>> = {
  'captive-portal': 'A captive portal answers every request with its login page for 5 s.',
  offline: 'Offline for 10 s, as in flight mode: every request fails.',
};

const ENDED: Readonly<Record<Outage, string>> = {
  'captive-portal': 'The login page is gone.',
  offline: 'Online again.',
};

/** Cuts whose ages differ by less than this share have one cause. */
const SAME_AGE_SHARE = 0.2;
const SHORT_OUTAGE_MS = 1_000;

/** The state of the mailbox and its calls that the story compares before and after each event. */
export interface StorySource {
  readonly mailbox: Pick<Mailbox, 'waitSeconds' | 'limits' | 'state'>;
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
  /** Calls at the beginning of an outage that have stayed connected since. */
  #steadyCalls = 0;

  constructor(source: StorySource, tell: (sentence: string) => void) {
    this.#source = source;
    this.#now = source.now ?? (() => Date.now());
    this.#tell = tell;
    this.#waitSeconds = source.mailbox.waitSeconds;
  }

  onNetwork(event: NetworkEvent): void {
    if (event.kind === 'switched') this.#onSwitched(event.fault, event.isOn);
    else if (event.kind === 'poll-began') this.#onPoll();
    else if (event.kind === 'outage-began') this.#onOutage(event.outage);
    else if (event.kind === 'outage-ended') {
      this.#outage = undefined;
      this.#tell(ENDED[event.outage]);
    } else if (event.kind === 'answer-lost') this.#onAnswerLost(event);
    else this.#tell('The server recognised the repeated request: the message was stored once.');
  }

  onExchange(exchange: Exchange): void {
    const isPoll = exchange.operation === 'pollMessages';
    if (exchange.kind !== 'cut') {
      if (this.#source.mailbox.state !== 'reconnecting' && this.#outage === undefined) this.#failingSinceMs = undefined;
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
  }

  #onSwitched(fault: LastingFault, isOn: boolean): void {
    const [on, off] = SWITCHED[fault];
    const { waitSeconds, limits } = this.#source.mailbox;
    const isShortened = waitSeconds < limits.defaultWaitSeconds;
    const memory =
      fault === 'cut-polls' && isShortened
        ? ` The client stays at ${String(waitSeconds)} s for half an hour, or until the device comes back online.`
        : '';
    this.#tell(isOn ? on : off + memory);
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

interface CutPoll {
  readonly ageMs: number;
  /** Whether only its answer was lost. */
  readonly isLost: boolean;
}

interface Batch {
  readonly messages: readonly { readonly id: string }[];
  readonly waitSeconds?: number;
}

const messagesOf = (count: number): string => (count === 1 ? '1 message' : `${String(count)} messages`);

/** What has taught the client a shorter window. */
function causeOf(cuts: readonly CutPoll[]): string {
  const [lastMs = 0, firstMs = lastMs] = cuts.map(({ ageMs }) => ageMs).toReversed();
  const verb = cuts.some(({ isLost }) => isLost) ? 'got no answer' : 'were cut';
  const isSame = Math.abs(firstMs - lastMs) < SAME_AGE_SHARE * lastMs;
  return isSame
    ? `Two polls ${verb} at ${seconds(lastMs)}`
    : `Polls ${verb} after ${seconds(firstMs)} and ${seconds(lastMs)}`;
}
