import { Call } from './call.ts';
import { HoldlineError } from './errors.ts';
import { Emitter, type ErrorEvents } from './events.ts';
import { MESH_PACE_MS, MESH_RETRY_MS, MESH_SLOW_RETRY_MS } from './limits.ts';
import type { Mailbox } from './mailbox.ts';
import type { CallOptions } from './options.ts';
import type { PeerConnectionLike } from './peer-connection.ts';

export interface MeshEvents extends ErrorEvents {
  /** A call with one more participant begins. */
  call: Call;
}

export interface MeshOptions extends CallOptions {
  /**
   * Creates the connection to one participant with its tracks and data channels; called at most once in 3 s for each.
   */
  readonly peerConnection: (participantId: string) => PeerConnectionLike;
}

/** Reasons with which the other side ends a call that failed, or that it has lost. */
const WORTH_RETRYING = /^(ice_|negotiation-failed|unknown_call)/;

/**
 * Connects every participant of the room with every other: one `Call` for each, accepted automatically. A participant
 * that joins later calls those who are there. Each connection costs its own upload: beyond some six participants with
 * video use a media server.
 */
export class Mesh extends Emitter<MeshEvents> {
  readonly #mailbox: Mailbox;
  readonly #options: MeshOptions;
  readonly #calls = new Map<string, Call>();
  readonly #endings: (() => void)[];
  /** Functions that cancel the next invite to a participant. */
  readonly #retries = new Map<string, () => void>();
  /** Participants with a connection younger than `MESH_PACE_MS`, each with the function that cancels its timer. */
  readonly #paced = new Map<string, () => void>();

  constructor(mailbox: Mailbox, options: MeshOptions) {
    super();
    this.#mailbox = mailbox;
    this.#options = options;
    this.#endings = [
      Call.answer(mailbox, true, (call) => this.#take(call), options),
      mailbox.on('gap', ({ cause }) => {
        if (cause === 'rejoined') this.#enter();
      }),
    ];
    this.#enter();
  }

  /** The current calls, by `participantId`. */
  get calls(): ReadonlyMap<string, Call> {
    return this.#calls;
  }

  /** Hangs up all calls, and accepts no more. The mailbox stays open. */
  close(): void {
    for (const end of [...this.#endings, ...this.#retries.values(), ...this.#paced.values()]) end();
    for (const call of this.#calls.values()) call.hangUp();
  }

  /** Calls every participant, once the app could add its listener for `call`. */
  #enter(): void {
    for (const { participantId } of this.#mailbox.participants) this.#inviteIn(0, participantId);
  }

  #invite(participantId: string): void {
    const { participants, participantId: self, state } = this.#mailbox;
    const isPresent = participants.some((present) => present.participantId === participantId);
    if (state === 'ended' || !isPresent || participantId === self || this.#calls.has(participantId)) return;
    if (this.#paced.has(participantId)) {
      this.#inviteIn(MESH_RETRY_MS, participantId);
      return;
    }
    const peerConnection = this.#open(participantId);
    if (!peerConnection) return;
    const invite = { ...this.#options, to: participantId, peerConnection, payload: { mesh: true } };
    const call = Call.invite(this.#mailbox, invite);
    this.#add(call, MESH_RETRY_MS);
    this.emit('call', call);
  }

  /** Accepts the call now, or when its participant may have another connection. */
  #take(call: Call): void {
    this.#add(call, MESH_SLOW_RETRY_MS);
    if (!this.#paced.has(call.remote)) this.#accept(call);
  }

  #accept(call: Call): void {
    this.emit('call', call);
    const peerConnection = this.#open(call.remote);
    if (peerConnection) call.accept(peerConnection);
    else call.reject('user_media_failed');
  }

  /** Asks the app for a connection. @returns undefined when it throws; it is asked again later */
  #open(participantId: string): PeerConnectionLike | undefined {
    this.#pace(participantId);
    try {
      return this.#options.peerConnection(participantId);
    } catch (cause) {
      this.fail(new HoldlineError('listener-failed', cause));
      this.#inviteIn(MESH_SLOW_RETRY_MS, participantId);
      return undefined;
    }
  }

  #add(call: Call, retryMs: number): void {
    const { remote } = call;
    this.#calls.set(remote, call);
    call.on('ended', ({ by, reason }) => {
      if (this.#calls.get(remote) !== call) return;
      this.#calls.delete(remote);
      // The invite is skipped if either side has left by then.
      if (by === 'system' || WORTH_RETRYING.test(reason)) this.#inviteIn(retryMs, remote);
    });
  }

  #pace(participantId: string): void {
    const cancel = this.#mailbox.runtime.after(MESH_PACE_MS, () => {
      this.#paced.delete(participantId);
      // A newer call replaces every older one.
      const call = this.#calls.get(participantId);
      if (call?.state === 'incoming') this.#accept(call);
    });
    this.#paced.set(participantId, cancel);
  }

  #inviteIn(delayMs: number, participantId: string): void {
    this.#retries.get(participantId)?.();
    const cancel = this.#mailbox.runtime.after(delayMs, () => {
      this.#retries.delete(participantId);
      this.#invite(participantId);
    });
    this.#retries.set(participantId, cancel);
  }
}
