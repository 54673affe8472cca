import type { JsonObject } from '../wire/index.ts';
import { Negotiator, type NegotiatorOptions } from './negotiator.ts';
import { linkStateOf, listenTo, type PeerConnectionLike } from './peer-connection.ts';
import { after } from './platform.ts';

export interface PeerLinkOptions extends NegotiatorOptions {
  /** Milliseconds without a connection, from the start or from its loss, after which to give up. */
  readonly timeoutMs: number;
  readonly up: () => void;
  readonly down: () => void;
  readonly giveUp: () => void;
}

/** A lost link often comes back by itself within seconds: a phone between two cells. */
const DOWN_GRACE_MS = 4_000;
/** The polite side leaves the first restart to the other: two at once would only meet. */
const POLITE_EXTRA_MS = 2_000;
/** Gathering and checking over a slow TURN server takes some seconds. */
const RESTART_AGAIN_MS = 8_000;

/** One peer connection, from the first offer to the end: negotiates, and restores the link when it breaks. */
export class PeerLink {
  readonly #pc: PeerConnectionLike;
  readonly #options: PeerLinkOptions;
  readonly #negotiator: Negotiator;
  readonly #stopListening: () => void;
  /** The last one seen: a change of the ICE state alone is none of the connection. */
  #state: string | undefined;
  #isUp = false;
  #cancelRestart = (): void => undefined;
  #cancelDeadline: (() => void) | undefined;

  constructor(pc: PeerConnectionLike, offers: boolean, options: PeerLinkOptions) {
    this.#pc = pc;
    this.#options = options;
    this.#negotiator = new Negotiator(pc, offers, options);
    this.#stopListening = listenTo(pc, {
      negotiationneeded: () => this.#negotiator.want(),
      icecandidate: (candidate) => this.#negotiator.found(candidate),
      linkchange: () => this.#onLink(),
    });
    this.#armDeadline();
    // Tracks may have been added, and the event have fired, before anybody listened.
    if (offers) this.#negotiator.want();
  }

  receive(type: string, payload: JsonObject): void {
    this.#negotiator.receive(type, payload);
  }

  /** Restarts ICE now, and again while there is no link. */
  restart(): void {
    this.#negotiator.restartIce();
    this.#restartIn(RESTART_AGAIN_MS);
  }

  /** Messages may have been missed: restarts ICE when one of them can have mattered. */
  repair(): void {
    if (!this.#isUp || this.#negotiator.isWaiting) this.restart();
  }

  close(): void {
    this.#cancelRestart();
    this.#cancelDeadline?.();
    this.#stopListening();
    this.#negotiator.close();
    this.#pc.close();
  }

  #onLink(): void {
    const state = linkStateOf(this.#pc);
    if (state === this.#state) return;
    this.#state = state;
    this.#isUp = state === 'connected';
    if (this.#isUp) {
      this.#cancelRestart();
      this.#cancelDeadline?.();
      this.#cancelDeadline = undefined;
      this.#options.up();
    } else if (state === 'failed') this.#onLoss(0);
    else if (state === 'disconnected') this.#onLoss(DOWN_GRACE_MS);
  }

  #onLoss(graceMs: number): void {
    this.#armDeadline();
    this.#options.down();
    this.#restartIn(graceMs + (this.#options.polite ? POLITE_EXTRA_MS : 0));
  }

  #restartIn(delayMs: number): void {
    this.#cancelRestart();
    this.#cancelRestart = after(this.#options.timers, delayMs, () => {
      if (!this.#isUp) this.restart();
    });
  }

  #armDeadline(): void {
    this.#cancelDeadline ??= after(this.#options.timers, this.#options.timeoutMs, this.#options.giveUp);
  }
}
