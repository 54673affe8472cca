import type { Tile } from './tile.ts';

/** JSON over the data channel. Every field is another client's and may be anything. */
interface PeerMessage {
  readonly text?: unknown;
  readonly mic?: unknown;
  readonly camera?: unknown;
}

export interface PeerListeners {
  readonly onText: (text: string) => void;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

/** Whether this side sends sound and picture. */
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
    // Negotiated out of band: both sides open it under the same id.
    this.#channel = this.connection.createDataChannel('holdline-demo', { negotiated: true, id: 0 });
    this.#channel.addEventListener('open', () => listeners.onOpen());
    this.#channel.addEventListener('close', () => listeners.onClose());
    this.#channel.addEventListener('message', ({ data }) => this.#receive(data, tile, listeners));
  }

  get isOpen(): boolean {
    return this.#channel.readyState === 'open';
  }

  sendText(text: string): void {
    this.#send({ text });
  }

  sendState(senders: Senders): void {
    this.#send(senders);
  }

  #send(message: PeerMessage): void {
    if (this.isOpen) this.#channel.send(JSON.stringify(message));
  }

  #receive(data: unknown, tile: Tile, listeners: PeerListeners): void {
    const { text, mic, camera } = parse(data);
    if (typeof text === 'string') listeners.onText(text);
    if (typeof mic === 'boolean') tile.showMuted(!mic);
    if (typeof camera === 'boolean') tile.showPicture(camera);
  }
}

function parse(data: unknown): PeerMessage {
  try {
    const message: unknown = JSON.parse(String(data));
    return typeof message === 'object' && message !== null ? message : {};
  } catch {
    return {};
  }
}
