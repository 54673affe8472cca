import type { Tile } from './tile.ts';

/** What participants tell each other over the data channel. */
interface Told {
  readonly text?: unknown;
  readonly mic?: unknown;
  readonly camera?: unknown;
}

export interface PeerListeners {
  readonly onText: (text: string) => void;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

export interface Senders {
  readonly mic: boolean;
  readonly camera: boolean;
}

/** The connection to one participant: our tracks out, theirs into a tile, and a data channel for text. */
export class Peer {
  readonly connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;

  constructor(iceServers: RTCIceServer[], own: MediaStream | undefined, tile: Tile, listeners: PeerListeners) {
    this.connection = new RTCPeerConnection({ iceServers });
    for (const track of own?.getTracks() ?? []) this.connection.addTrack(track, own ?? new MediaStream());
    this.connection.addEventListener('track', ({ streams: [stream], track }) => {
      tile.play(stream ?? new MediaStream([track]));
    });
    // Both sides open it under the same number, so that neither has to wait for the other's.
    this.#channel = this.connection.createDataChannel('holdline-demo', { negotiated: true, id: 0 });
    this.#channel.addEventListener('open', () => listeners.onOpen());
    this.#channel.addEventListener('close', () => listeners.onClose());
    this.#channel.addEventListener('message', ({ data }) => this.#hear(data, tile, listeners));
  }

  get isOpen(): boolean {
    return this.#channel.readyState === 'open';
  }

  say(text: string): void {
    this.#tell({ text });
  }

  showSenders(senders: Senders): void {
    this.#tell(senders);
  }

  #tell(told: Told): void {
    if (this.isOpen) this.#channel.send(JSON.stringify(told));
  }

  #hear(data: unknown, tile: Tile, listeners: PeerListeners): void {
    const { text, mic, camera } = parse(data);
    if (typeof text === 'string') listeners.onText(text);
    if (typeof mic === 'boolean') tile.showMuted(!mic);
    if (typeof camera === 'boolean') tile.showPicture(camera);
  }
}

function parse(data: unknown): Told {
  try {
    const told: unknown = JSON.parse(String(data));
    return typeof told === 'object' && told !== null ? told : {};
  } catch {
    return {};
  }
}
