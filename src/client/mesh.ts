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
    this.#endings = [Call.answer(mailbox, true, (call) => this.#accept(call), options)];
    // After the caller had the chance to listen for `call`.
    this.#later(0, () => {
      for (const { participantId } of mailbox.participants) this.#invite(participantId);
    });
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

  #ended(call: Call, { by }: CallEnd, ours: boolean): void {
    if (this.#calls.get(call.remote) !== call) return;
    this.#calls.delete(call.remote);
    // Nobody wanted its end: while both are there, it is worth another try.
    if (ours && by === 'system' && this.#mailbox.state !== 'ended')
      this.#later(RETRY_MS, () => this.#invite(call.remote));
  }

  #later(delayMs: number, callback: () => void): void {
    this.#endings.push(after(this.#mailbox.platform.timers, delayMs, callback));
  }
}
