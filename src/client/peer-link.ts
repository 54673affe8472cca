import { listen } from './events.ts';
import { DISCONNECTED_GRACE_MS, POLITE_EXTRA_MS, ICE_RESTART_MS } from './limits.ts';
import { Negotiator, type NegotiatorOptions } from './negotiator.ts';
import type { PeerConnectionLike } from './peer-connection.ts';

export interface PeerLinkOptions extends NegotiatorOptions {
  /** Milliseconds without a connection, from the start or from its loss, after which to give up. */
  readonly timeoutMs: number;
  readonly up: () => void;
  readonly down: () => void;
  readonly giveUp: () => void;
}

/** One peer connection from the first offer to its end: negotiates, and restores the connection when it breaks. */
export class PeerLink extends Negotiator {
  declare protected readonly options: PeerLinkOptions;
  readonly #endings: (() => void)[];
  /** The last state seen: some stacks fire an event although the state stays the same. */
  #state: string | undefined;
  #cancelRestart = (): void => undefined;
  #cancelDeadline: (() => void) | undefined;

  constructor(pc: PeerConnectionLike, offers: boolean, options: PeerLinkOptions) {
    super(pc, offers, options);
    this.#endings = [
      listen(pc, 'negotiationneeded', () => this.want()),
      listen(pc, 'icecandidate', (event) => this.found((event as { readonly candidate: unknown }).candidate)),
      listen(pc, 'connectionstatechange', () => this.#onLink()),
      listen(pc, 'iceconnectionstatechange', () => this.#onLink()),
    ];
    this.#armDeadline();
    // `negotiationneeded` may have fired before the listener was added.
    if (offers) this.want();
  }

  /** Restarts ICE now, and again while there is no connection. */
  override restart(): void {
    super.restart();
    this.#restartIn(ICE_RESTART_MS);
  }

  /** Messages may have been missed: restarts ICE if one of them could matter. */
  repair(): void {
    if (!this.#isUp || this.isWaiting) this.restart();
  }

  override close(): void {
    super.close();
    this.#cancelTimers();
    for (const end of this.#endings) end();
    this.pc.close();
  }

  get #isUp(): boolean {
    return this.#state === 'connected';
  }

  #onLink(): void {
    // WebRTC 1.0, section 4.4.3. Stacks without `connectionState` have the state of ICE only.
    const { iceConnectionState, connectionState = iceConnectionState } = this.pc;
    const state = connectionState === 'completed' ? 'connected' : connectionState;
    if (state === this.#state) return;
    this.#state = state;
    if (this.#isUp) {
      this.#cancelTimers();
      this.options.up();
    } else if (state === 'failed') this.#onLoss(0);
    else if (state === 'disconnected') this.#onLoss(DISCONNECTED_GRACE_MS);
  }

  #onLoss(graceMs: number): void {
    this.#armDeadline();
    this.options.down();
    this.#restartIn(graceMs + (this.options.polite ? POLITE_EXTRA_MS : 0));
  }

  #restartIn(delayMs: number): void {
    this.#cancelRestart();
    this.#cancelRestart = this.options.runtime.after(delayMs, () => {
      if (!this.#isUp) this.restart();
    });
  }

  #armDeadline(): void {
    this.#cancelDeadline ??= this.options.runtime.after(this.options.timeoutMs, this.options.giveUp);
  }

  #cancelTimers(): void {
    this.#cancelRestart();
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }
}
