import type { Mailbox, TransportName } from '../../src/client/index.ts';
import { OUTAGE_MS, type BadNetwork, type LastingFault, type NetworkEvent, type Outage } from './bad-network.ts';
import { byId } from './dom.ts';
import { NetworkStory } from './network-story.ts';
import { Pings } from './pings.ts';

/** Faults have the ids of their buttons as names. */
const LASTING: readonly LastingFault[] = ['cut-polls', 'lose-answers', 'block-sockets'];
const OUTAGES: readonly Outage[] = ['captive-portal', 'offline'];

const button = (id: string): HTMLButtonElement => byId(id, HTMLButtonElement);

/** The signalling of one call, which the buttons disturb. */
interface Signalling {
  readonly mailbox: Mailbox;
  readonly network: BadNetwork;
  readonly nameOf: (participantId: string) => string;
  readonly connectedCalls: () => number;
}

/** The row "Make my network worse". */
export class WorseNetwork {
  readonly #transport = byId('transport', HTMLElement);
  readonly #news = byId('news', HTMLElement);
  readonly #hint = this.#news.textContent;
  readonly #pinged = byId('pinged', HTMLElement);
  readonly #pingHint = this.#pinged.textContent;
  readonly #tellPanel: (sentence: string) => void;
  #network: BadNetwork | undefined;
  #pings: Pings | undefined;
  /** Shows how much is left of an outage. */
  #clock: Animation | undefined;
  #story: NetworkStory | undefined;

  /** @param tell keeps each sentence in the log */
  constructor(tell: (sentence: string) => void) {
    this.#tellPanel = tell;
    for (const fault of LASTING) {
      button(fault).addEventListener('click', () => this.#network?.switch(fault, !this.#network.has(fault)));
    }
    for (const outage of OUTAGES) button(outage).addEventListener('click', () => this.#network?.begin(outage));
    button('kill-socket').addEventListener('click', () => this.#network?.killSockets());
    button('ping').addEventListener('click', () => void this.#pings?.send());
  }

  open({ mailbox, network, nameOf, connectedCalls }: Signalling): void {
    const story = new NetworkStory({ mailbox, connectedCalls }, this.#tell);
    this.#network = network;
    this.#story = story;
    this.#pings = new Pings(mailbox, { nameOf, tell: this.#tell, onCount: this.#showCount });
    network.on((event) => {
      story.onNetwork(event);
      this.#show(event);
    });
    mailbox.on('exchange', (exchange) => story.onExchange(exchange));
    mailbox.on('transport', (change) => {
      story.onTransport(change);
      this.#showTransport(change.transport);
    });
    mailbox.on('state', (state) => story.onState(state));
    mailbox.on('error', (error) => (error.code === 'network' ? story.onError(error) : reportError(error)));
  }

  close(): void {
    this.#network?.close();
    this.#network = undefined;
    this.#story = undefined;
    this.#pings = undefined;
    for (const fault of LASTING) button(fault).ariaPressed = 'false';
    this.#showTransport('poll');
    this.#news.textContent = this.#hint;
    this.#pinged.textContent = this.#pingHint;
  }

  onCallLost(): void {
    this.#story?.onCallLost();
  }

  readonly #tell = (sentence: string): void => {
    this.#tellPanel(sentence);
    this.#news.textContent = sentence;
  };

  readonly #showCount = (sent: number, answered: number): void => {
    this.#pinged.textContent = `${String(answered)} of ${String(sent)} answered`;
  };

  #showTransport(transport: TransportName): void {
    this.#transport.textContent = transport === 'poll' ? 'polling' : 'socket';
    this.#transport.dataset.transport = transport;
  }

  #show(event: NetworkEvent): void {
    if (event.kind === 'switched') button(event.fault).ariaPressed = String(event.isOn);
    else if (event.kind === 'outage-began') this.#onOutage(event.outage);
    else if (event.kind === 'outage-ended') this.#onOutageEnded(event.outage);
  }

  #onOutage(outage: Outage): void {
    const clock = [{ transform: 'scaleX(1)' }, { transform: 'scaleX(0)' }];
    this.#clock = button(outage).animate(clock, { duration: OUTAGE_MS[outage], pseudoElement: '::after' });
    button(outage).classList.add('running');
    // What a page sees when its device loses the network, and when it is back.
    if (outage === 'offline') dispatchEvent(new Event('offline'));
  }

  #onOutageEnded(outage: Outage): void {
    this.#clock?.cancel();
    button(outage).classList.remove('running');
    if (outage === 'offline') dispatchEvent(new Event('online'));
  }
}
