import { joinRoom, Mesh, type Call, type Mailbox, type MailboxEnd } from '../../src/client/index.ts';
import type { Chat } from './chat.ts';
import type { Wish } from './lobby.ts';
import { stop } from './media.ts';
import { mediaPath } from './media-path.ts';
import type { Panel } from './panel.ts';
import { Peer, type Senders } from './peer.ts';
import { Tile } from './tile.ts';

export interface ConversationListeners {
  /** Who is connected or about to be, after every change. */
  readonly onPeers: (count: number) => void;
  readonly onReachable: (reachable: boolean) => void;
  /** Called when what this side sends has changed. */
  readonly onSenders: () => void;
  readonly onEnded: (end: MailboxEnd) => void;
}

interface Shown {
  readonly tile: Tile;
  peer?: Peer;
}

const PATH_EVERY_MS = 2_000;

const isLive = (tracks: readonly MediaStreamTrack[] = []): boolean =>
  tracks.some(({ readyState }) => readyState === 'live');

/** One stay in a room: everybody there in a call with everybody, signalled through the client as any app would. */
export class Conversation {
  readonly #mailbox: Mailbox;
  readonly #mesh: Mesh;
  readonly #stream: MediaStream | undefined;
  readonly #chat: Chat;
  readonly #panel: Panel;
  readonly #listeners: ConversationListeners;
  readonly #own: Tile;
  readonly #others = new Map<string, Shown>();
  readonly #pathTimer: ReturnType<typeof setInterval>;
  #senders: Senders;

  /** @throws HoldlineError */
  static async enter(
    service: string,
    { roomId, displayName, accessToken, stream }: Wish,
    ui: { readonly chat: Chat; readonly panel: Panel },
    listeners: ConversationListeners,
  ): Promise<Conversation> {
    const startedMs = performance.now();
    const mailbox = await joinRoom({
      baseUrl: service,
      roomId,
      displayName,
      storage: sessionStorage,
      ...(accessToken !== undefined && { accessToken }),
      fetch: (url, init) => {
        const { wait = 0 } = url.endsWith('/messages/poll') ? (JSON.parse(init.body ?? '{}') as { wait?: number }) : {};
        if (wait > 0) ui.panel.pollBegins(wait);
        return fetch(url, init);
      },
    });
    ui.panel.joined(performance.now() - startedMs);
    return new Conversation(mailbox, displayName, stream, ui, listeners);
  }

  private constructor(
    mailbox: Mailbox,
    displayName: string,
    stream: MediaStream | undefined,
    { chat, panel }: { readonly chat: Chat; readonly panel: Panel },
    listeners: ConversationListeners,
  ) {
    this.#mailbox = mailbox;
    this.#stream = stream;
    this.#chat = chat;
    this.#panel = panel;
    this.#listeners = listeners;
    this.#senders = { mic: this.hasMic, camera: this.hasCamera };
    this.#own = new Tile(displayName, true);
    this.#own.play(stream ?? null);
    for (const track of stream?.getTracks() ?? []) track.addEventListener('ended', () => this.#lose(track));
    panel.open((participantId) => this.#nameOf(participantId), mailbox);
    mailbox.on('participant-joined', ({ participantId }) => chat.tell(`${this.#nameOf(participantId)} joined`));
    mailbox.on('state', (state) => listeners.onReachable(state !== 'reconnecting'));
    mailbox.on('ended', (end) => this.#close(end));
    this.#mesh = new Mesh(mailbox, { peerConnection: (participantId) => this.#connect(participantId) });
    this.#mesh.on('call', (call) => this.#follow(call));
    this.#pathTimer = setInterval(() => void this.#showPath(), PATH_EVERY_MS);
    listeners.onPeers(0);
  }

  get hasMic(): boolean {
    return isLive(this.#stream?.getAudioTracks());
  }

  get hasCamera(): boolean {
    return isLive(this.#stream?.getVideoTracks());
  }

  /** Mutes or shows; what is off is sent as silence or black. */
  set senders(senders: Senders) {
    this.#senders = senders;
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = senders.mic;
    for (const track of this.#stream?.getVideoTracks() ?? []) track.enabled = senders.camera;
    this.#own.showMuted(this.hasMic && !senders.mic);
    this.#own.showPicture(senders.camera);
    this.#eachPeer((peer) => peer.showSenders(senders));
    this.#listeners.onSenders();
  }

  get senders(): Senders {
    return this.#senders;
  }

  say(text: string): void {
    this.#eachPeer((peer) => peer.say(text));
  }

  async hangUp(): Promise<void> {
    this.#mesh.close();
    await this.#mailbox.leave();
  }

  /** Called when the device was unplugged or its permission was withdrawn. */
  #lose({ kind }: MediaStreamTrack): void {
    this.#chat.tell(kind === 'audio' ? 'your microphone has stopped' : 'your camera has stopped');
    const { mic, camera } = this.#senders;
    this.senders = { mic: mic && this.hasMic, camera: camera && this.hasCamera };
  }

  #nameOf(participantId: string): string {
    const found = this.#mailbox.participants.find((participant) => participant.participantId === participantId);
    const { displayName = '' } = found ?? {};
    return displayName === '' ? participantId.slice(0, 8) : displayName;
  }

  #shown(participantId: string): Shown {
    const shown = this.#others.get(participantId) ?? { tile: new Tile(this.#nameOf(participantId)) };
    this.#others.set(participantId, shown);
    return shown;
  }

  #connect(participantId: string): RTCPeerConnection {
    const shown = this.#shown(participantId);
    const peer = new Peer(this.#mailbox.iceServers, this.#stream, shown.tile, {
      onText: (text) => this.#chat.say(this.#nameOf(participantId), text),
      onOpen: () => {
        peer.showSenders(this.#senders);
        this.#chat.tell(`connected with ${this.#nameOf(participantId)}`);
        this.#showOpenness();
      },
      onClose: () => this.#showOpenness(),
    });
    shown.peer = peer;
    return peer.connection;
  }

  #follow(call: Call): void {
    const { remote } = call;
    const name = this.#nameOf(remote);
    const { tile } = this.#shown(remote);
    tile.state = call.state;
    let isLost = false;
    call.on('state', (state) => {
      tile.state = state;
      if (state === 'reconnecting') this.#chat.tell(`the connection with ${name} is lost; restoring it`);
      if (state === 'connected' && isLost) this.#chat.tell(`the connection with ${name} is back`);
      isLost = state === 'reconnecting';
    });
    call.on('ended', () => {
      // Somebody who came back is in a new call by then.
      if (this.#mesh.calls.has(remote)) return;
      this.#chat.tell(`${name} is gone`);
      tile.remove();
      this.#others.delete(remote);
      this.#listeners.onPeers(this.#others.size);
      this.#showOpenness();
    });
    this.#listeners.onPeers(this.#others.size);
  }

  #eachPeer(visit: (peer: Peer) => void): void {
    for (const { peer } of this.#others.values()) if (peer !== undefined) visit(peer);
  }

  #showOpenness(): void {
    this.#chat.isOpen = [...this.#others.values()].some(({ peer }) => peer?.isOpen === true);
  }

  async #showPath(): Promise<void> {
    const peers = [...this.#others.values()].flatMap(({ peer }) => peer ?? []);
    const paths = await Promise.all(peers.map(({ connection }) => mediaPath(connection)));
    this.#panel.mediaPath = paths.find((path) => path !== undefined);
  }

  #close(end: MailboxEnd): void {
    clearInterval(this.#pathTimer);
    this.#mesh.close();
    for (const { tile } of this.#others.values()) tile.remove();
    this.#own.remove();
    stop(this.#stream);
    this.#panel.close();
    this.#listeners.onEnded(end);
  }
}
