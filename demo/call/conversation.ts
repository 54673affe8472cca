import { joinRoom, Mesh, type Call, type Mailbox, type MailboxEnd } from '../../src/client/index.ts';
import { socket } from '../../src/client/socket.ts';
import { BadNetwork } from './bad-network.ts';
import type { Chat } from './chat.ts';
import type { JoinForm } from './lobby.ts';
import { stop } from './media.ts';
import { mediaPath } from './media-path.ts';
import type { Panel } from './panel.ts';
import { Peer, type Senders } from './peer.ts';
import { Tile } from './tile.ts';
import type { WorseNetwork } from './worse-network.ts';

export interface ConversationListeners {
  /** The number of other participants in a call with this one, after every change. */
  readonly onPeers: (count: number) => void;
  readonly onReachable: (reachable: boolean) => void;
  /** Called when the microphone or the camera was switched, or has stopped. */
  readonly onSenders: () => void;
  readonly onEnded: (end: MailboxEnd) => void;
}

interface Ui {
  readonly chat: Chat;
  readonly panel: Panel;
  readonly worse: WorseNetwork;
}

interface RemotePeer {
  readonly tile: Tile;
  peer?: Peer;
}

const MEDIA_PATH_INTERVAL_MS = 2_000;

const isLive = (tracks: readonly MediaStreamTrack[] = []): boolean =>
  tracks.some(({ readyState }) => readyState === 'live');

/** A full mesh of calls with all participants in a room, through the public API of the client. */
export class Conversation {
  readonly #mailbox: Mailbox;
  readonly #mesh: Mesh;
  readonly #stream: MediaStream | undefined;
  readonly #chat: Chat;
  readonly #panel: Panel;
  readonly #worse: WorseNetwork;
  readonly #listeners: ConversationListeners;
  readonly #own: Tile;
  readonly #others = new Map<string, RemotePeer>();
  readonly #mediaPathTimer: ReturnType<typeof setInterval>;
  #senders: Senders;

  /** @throws HoldlineError */
  static async enter(
    service: string,
    { roomId, displayName, accessToken, stream }: JoinForm,
    ui: Ui,
    listeners: ConversationListeners,
  ): Promise<Conversation> {
    const startedMs = performance.now();
    const network = new BadNetwork({ fetch: (url, init) => fetch(url, init), WebSocket });
    const mailbox = await joinRoom({
      baseUrl: service,
      roomId,
      displayName,
      storage: sessionStorage,
      ...(accessToken !== undefined && { accessToken }),
      fetch: network.fetch,
      transports: [socket({ WebSocket: network.WebSocket })],
    });
    ui.panel.joined(performance.now() - startedMs);
    return new Conversation({ mailbox, network }, { displayName, stream }, ui, listeners);
  }

  private constructor(
    { mailbox, network }: { readonly mailbox: Mailbox; readonly network: BadNetwork },
    { displayName, stream }: Pick<JoinForm, 'displayName' | 'stream'>,
    { chat, panel, worse }: Ui,
    listeners: ConversationListeners,
  ) {
    this.#mailbox = mailbox;
    this.#stream = stream;
    this.#chat = chat;
    this.#panel = panel;
    this.#worse = worse;
    this.#listeners = listeners;
    this.#senders = { mic: this.hasMic, camera: this.hasCamera };
    this.#own = new Tile(displayName, true);
    this.#own.play(stream ?? null);
    for (const track of stream?.getTracks() ?? []) track.addEventListener('ended', () => this.#onTrackEnded(track));
    const nameOf = (participantId: string): string => this.#nameOf(participantId);
    panel.open(nameOf, mailbox, network);
    mailbox.on('participant-joined', ({ participantId }) => chat.addEvent(`${this.#nameOf(participantId)} joined`));
    mailbox.on('state', (state) => listeners.onReachable(state !== 'reconnecting'));
    mailbox.on('ended', (end) => this.#close(end));
    this.#mesh = new Mesh(mailbox, { peerConnection: (participantId) => this.#connect(participantId) });
    this.#mesh.on('call', (call) => this.#follow(call));
    const isConnected = (call: Call): boolean => call.state === 'connected';
    const connectedCalls = (): number => [...this.#mesh.calls.values()].filter(isConnected).length;
    worse.open({ mailbox, network, nameOf, connectedCalls });
    this.#mediaPathTimer = setInterval(() => void this.#showMediaPath(), MEDIA_PATH_INTERVAL_MS);
    listeners.onPeers(0);
  }

  get hasMic(): boolean {
    return isLive(this.#stream?.getAudioTracks());
  }

  get hasCamera(): boolean {
    return isLive(this.#stream?.getVideoTracks());
  }

  /** A disabled track sends silence or black frames. */
  set senders(senders: Senders) {
    this.#senders = senders;
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = senders.mic;
    for (const track of this.#stream?.getVideoTracks() ?? []) track.enabled = senders.camera;
    this.#own.showMuted(this.hasMic && !senders.mic);
    this.#own.showPicture(senders.camera);
    this.#eachPeer((peer) => peer.sendState(senders));
    this.#listeners.onSenders();
  }

  get senders(): Senders {
    return this.#senders;
  }

  sendText(text: string): void {
    this.#eachPeer((peer) => peer.sendText(text));
  }

  async hangUp(): Promise<void> {
    this.#mesh.close();
    await this.#mailbox.leave();
  }

  /** Called when the device was unplugged or its permission was withdrawn. */
  #onTrackEnded({ kind }: MediaStreamTrack): void {
    this.#chat.addEvent(kind === 'audio' ? 'your microphone has stopped' : 'your camera has stopped');
    const { mic, camera } = this.#senders;
    this.senders = { mic: mic && this.hasMic, camera: camera && this.hasCamera };
  }

  #nameOf(participantId: string): string {
    const found = this.#mailbox.participants.find((participant) => participant.participantId === participantId);
    const { displayName = '' } = found ?? {};
    return displayName === '' ? participantId.slice(0, 8) : displayName;
  }

  #other(participantId: string): RemotePeer {
    const other = this.#others.get(participantId) ?? { tile: new Tile(this.#nameOf(participantId)) };
    this.#others.set(participantId, other);
    return other;
  }

  #connect(participantId: string): RTCPeerConnection {
    const other = this.#other(participantId);
    const peer = new Peer(this.#mailbox.iceServers, this.#stream, other.tile, {
      onText: (text) => this.#chat.addMessage(this.#nameOf(participantId), text),
      onOpen: () => {
        peer.sendState(this.#senders);
        this.#chat.addEvent(`connected with ${this.#nameOf(participantId)}`);
        this.#showChannelState();
      },
      onClose: () => this.#showChannelState(),
    });
    other.peer = peer;
    return peer.connection;
  }

  #follow(call: Call): void {
    const { remote } = call;
    const name = this.#nameOf(remote);
    const { tile } = this.#other(remote);
    tile.state = call.state;
    let isLost = false;
    call.on('state', (state) => {
      tile.state = state;
      if (state === 'reconnecting') this.#worse.onCallLost();
      if (state === 'reconnecting') this.#chat.addEvent(`the connection with ${name} is lost; restoring it`);
      if (state === 'connected' && isLost) this.#chat.addEvent(`the connection with ${name} is back`);
      isLost = state === 'reconnecting';
    });
    call.on('ended', () => {
      // A participant who came back is in a new call by now.
      if (this.#mesh.calls.has(remote)) return;
      this.#chat.addEvent(`${name} is gone`);
      tile.remove();
      this.#others.delete(remote);
      this.#listeners.onPeers(this.#others.size);
      this.#showChannelState();
    });
    this.#listeners.onPeers(this.#others.size);
  }

  #eachPeer(visit: (peer: Peer) => void): void {
    for (const { peer } of this.#others.values()) if (peer !== undefined) visit(peer);
  }

  #showChannelState(): void {
    this.#chat.isOpen = [...this.#others.values()].some(({ peer }) => peer?.isOpen === true);
  }

  async #showMediaPath(): Promise<void> {
    const peers = [...this.#others.values()].flatMap(({ peer }) => peer ?? []);
    const paths = await Promise.all(peers.map(({ connection }) => mediaPath(connection)));
    this.#panel.mediaPath = paths.find((path) => path !== undefined);
  }

  #close(end: MailboxEnd): void {
    clearInterval(this.#mediaPathTimer);
    this.#mesh.close();
    for (const { tile } of this.#others.values()) tile.remove();
    this.#own.remove();
    stop(this.#stream);
    this.#panel.close();
    this.#worse.close();
    this.#listeners.onEnded(end);
  }
}
