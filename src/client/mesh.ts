import { Call } from './call.ts';
import type { CallOptions } from './call-options.ts';
import type { CallEnd } from './call-state.ts';
import { Emitter, type ErrorEvents } from './events.ts';
import type { Mailbox } from './mailbox.ts';
import type { PeerConnectionLike } from './peer-connection.ts';
import { after } from './platform.ts';

export interface MeshEvents extends ErrorEvents {
  /** A call with one more participant begins; follow it by its own events. */
  call: Call;
}

export interface MeshOptions extends CallOptions {
  /** Makes the connection to one participant, with the tracks and data channels it shall have. */
  readonly peerConnection: (participantId: string) => PeerConnectionLike;
}

const RETRY_MS = 3_000;

/**
 * Everybody in the room connected with everybody: one `Call` each, accepted by itself. Who comes later calls those who are there.
 * Each connection costs its own upload: beyond some six participants with video use a media server.
 */
export class Mesh extends Emitter<MeshEvents> {
  readonly #mailbox: Mailbox;
  readonly #options: MeshOptions;
  readonly #calls = new Map<string, Call>();
  readonly #endings: (() => void)[];

  constructor(mailbox: Mailbox, options: MeshOptions) {
    super();
    this.#mailbox = mailbox;
    this.#options = options;
    this.#endings = [
      Call.answer(mailbox, true, (call) => this.#accept(call), options),
      mailbox.on('gap', ({ cause }) => {
        if (cause === 'rejoined') this.#enter();
      }),
    ];
    this.#enter();
  }

  /** The calls of this moment, by `participantId`. */
  get calls(): ReadonlyMap<string, Call> {
    return this.#calls;
  }

  /** Hangs up everywhere, and accepts no more. The mailbox stays open. */
  close(): void {
    for (const end of this.#endings.splice(0)) end();
    for (const call of this.#calls.values()) call.hangUp();
  }

  /** Calls everybody, after the app had the chance to listen for `call`. */
  #enter(): void {
    for (const { participantId } of this.#mailbox.participants) this.#inviteIn(0, participantId);
  }

  #invite(participantId: string): void {
    const isPresent = this.#mailbox.participants.some((present) => present.participantId === participantId);
    if (!isPresent || participantId === this.#mailbox.participantId || this.#calls.has(participantId)) return;
    const { peerConnection, ...options } = this.#options;
    const payload = { mesh: true };
    this.#add(
      Call.invite(this.#mailbox, {
        ...options,
        to: participantId,
        peerConnection: peerConnection(participantId),
        payload,
      }),
      true,
    );
  }

  #accept(call: Call): void {
    // It lost its side of the old one, or it would not call again.
    this.#calls.get(call.remote)?.hangUp('replaced');
    this.#add(call, false);
    call.accept(this.#options.peerConnection(call.remote));
  }

  #add(call: Call, ours: boolean): void {
    this.#calls.set(call.remote, call);
    call.on('ended', (end) => this.#ended(call, end, ours));
    this.emit('call', call);
  }

  #ended(call: Call, { by, reason }: CallEnd, ours: boolean): void {
    const { remote } = call;
    if (this.#calls.get(remote) !== call) return;
    this.#calls.delete(remote);
    // Nobody wanted its end: while both are there, it is worth another try. First of the one who called.
    if (by === 'system' || reason.startsWith('ice_')) this.#inviteIn(ours ? RETRY_MS : 3 * RETRY_MS, remote);
  }

  #inviteIn(delayMs: number, participantId: string): void {
    const invite = (): void => this.ask(() => this.#invite(participantId));
    if (this.#mailbox.state !== 'ended') this.#endings.push(after(this.#mailbox.platform.timers, delayMs, invite));
  }
}
