import type { JsonObject, ReceivedMessage } from '../wire/index.ts';
import type { CallEnd, CallEvents, CallState } from './call-events.ts';
import { CallRegistry, concerns, isOfMesh, isSameCall, normalized, withdraws } from './call-registry.ts';
import { HoldlineError } from './errors.ts';
import { Emitter } from './events.ts';
import {
  ICE_TIMEOUT_MS,
  MAX_EARLY_MESSAGES,
  RING_TIMEOUT_MS,
  STALE_INVITE_MS,
  STALE_INVITE_WAIT_MS,
} from './limits.ts';
import type { Mailbox } from './mailbox.ts';
import { endsCall, fieldsOf, parseReason, textOrNone, type OutgoingMessage } from './messages.ts';
import type { CallOptions, InviteOptions } from './options.ts';
import type { PeerConnectionLike } from './peer-connection.ts';
import { PeerLink } from './peer-link.ts';

/** The invite with which a call begins, sent by either side. */
interface Invite {
  /** The other participant, whichever side sent it. */
  readonly from: string;
  readonly callId: string | undefined;
  readonly payload: JsonObject;
  readonly ageMs: number;
}

/** Messages whose loss only a new offer repairs. */
const REPAIRED_BY_OFFER = /^(offer|answer|accept)$/;

const registries = new WeakMap<Mailbox, CallRegistry<Call>>();

function registryOf(mailbox: Mailbox): CallRegistry<Call> {
  const registry = registries.get(mailbox) ?? new CallRegistry(mailbox);
  registries.set(mailbox, registry);
  return registry;
}

/** A call with one participant. A conference is one call with each of the others: see `Mesh`. */
export class Call extends Emitter<CallEvents> {
  /** The other participant. */
  readonly remote: string;
  /** The payload of the invite, whichever side sent it. */
  readonly payload: JsonObject;
  /** Resolves to true once connected, or to false when the call ends before that. */
  readonly whenConnected: Promise<boolean>;
  /** Resolves when the call is over. */
  readonly whenEnded: Promise<CallEnd>;
  readonly #mailbox: Mailbox;
  readonly #options: CallOptions;
  readonly #endings: (() => void)[];
  readonly #ringMs: number;
  #callId: string | undefined;
  #state: CallState;
  /** Messages that came before `accept()`. */
  #early: ReceivedMessage[] = [];
  /** The peer connection of an outgoing call, until the other side accepts. */
  #prepared: PeerConnectionLike | undefined;
  #link: PeerLink | undefined;

  private constructor(mailbox: Mailbox, options: CallOptions, invite: Invite, prepared?: PeerConnectionLike) {
    super();
    this.#mailbox = mailbox;
    this.#options = options;
    this.remote = invite.from;
    this.payload = invite.payload;
    this.#callId = invite.callId;
    this.#ringMs = options.ringTimeoutMs ?? RING_TIMEOUT_MS;
    this.#prepared = prepared;
    this.#state = prepared ? 'inviting' : 'incoming';
    this.whenEnded = new Promise((resolve) => void this.on('ended', resolve));
    this.whenConnected = new Promise((resolve) => {
      this.on('state', (state) => {
        if (state === 'connected' || state === 'ended') resolve(state === 'connected');
      });
    });
    this.#endings = this.#listen(invite.ageMs);
    registryOf(mailbox).calls.add(this);
  }

  /**
   * Calls a participant: sends `invite` and, once it is accepted, an offer and candidates. When both sides call each
   * other at once, the two calls become one. When an invite of that participant already rings here, it is accepted
   * instead.
   * @returns the call with that participant that is already connecting or connected, when there is one;
   * `peerConnection` is then closed
   */
  static invite(mailbox: Mailbox, options: InviteOptions): Call {
    const { to: remote, peerConnection, payload = {}, callId = mailbox.runtime.newId() } = options;
    // A mesh accepts without asking the user: it must not answer a call that rings for the user.
    const known = [...registryOf(mailbox).calls].find(
      (call) => call.remote === remote && isOfMesh(call.payload) === isOfMesh(payload) && !call.#prepared,
    );
    known?.accept(peerConnection);
    if (known) return known;
    const call = new Call(mailbox, options, { from: remote, callId, payload, ageMs: 0 }, peerConnection);
    const ttlSeconds = Math.min(Math.ceil(call.#ringMs / 1_000), mailbox.limits.maxTtlSeconds);
    call.#sendOrEnd({ type: 'invite', payload, ttlSeconds });
    return call;
  }

  /**
   * Calls `listener` for every invite, and informs the caller that it rings. `accept` or `reject` it; after
   * `ringTimeoutMs` it ends by itself. An invite that was taken back before it could ring is not reported. A newer
   * invite of the same participant ends the older call, which that side has lost, as `replaced`. @returns a function
   * that removes the listener; invites then stay unanswered
   */
  static onInvite(mailbox: Mailbox, listener: (call: Call) => unknown, options: CallOptions = {}): () => void {
    return Call.answer(mailbox, false, listener, options);
  }

  /** @internal */
  static answer(mailbox: Mailbox, mesh: boolean, listener: (call: Call) => unknown, options: CallOptions): () => void {
    const registry = registryOf(mailbox);
    return mailbox.on('message', (message) => {
      const { from, type, callId, ageMs } = message;
      if (!from) return;
      const calls = [...registry.calls].filter((call) => concerns(message, call));
      if (type === 'invite') {
        const payload = fieldsOf(message);
        // The calls handle it before their own turn, so that the old one has ended when the new one rings.
        if (isOfMesh(payload) !== mesh || calls.some((call) => call.#meet(callId))) return;
        new Call(mailbox, options, { from, callId, payload, ageMs }).#ringOrEnd(listener, ageMs);
      } else if (!calls[0]) registry.refuseUnknown(from, message);
    });
  }

  get state(): CallState {
    return this.#state;
  }

  /** Identifies the call in its messages, which keeps those of an older call apart; the caller chose it. */
  get callId(): string | undefined {
    return this.#callId;
  }

  /** Answers an incoming call. The call owns `peerConnection` from now on, and closes it at the end. */
  accept(peerConnection: PeerConnectionLike, payload: JsonObject = {}): void {
    if (this.#state !== 'incoming') {
      peerConnection.close();
      return;
    }
    this.#sendOrEnd({ type: 'accept', payload });
    this.#connect(false, peerConnection);
  }

  /** Declines an incoming call. @param reason up to 64 characters */
  reject(reason = 'user_busy'): void {
    this.hangUp(reason);
  }

  /** Takes back an invite that was not accepted. @param reason up to 64 characters, such as `answered_elsewhere` */
  cancel(reason?: string): void {
    this.hangUp(reason);
  }

  /** Ends the call: sends `cancel`, `reject` or `hangup`, depending on its state. @param reason up to 64 characters */
  hangUp(reason = 'user_hangup'): void {
    this.#finish(reason, 'local', true);
  }

  /**
   * Restarts ICE, to find a new path when the network has changed. Happens by itself when the connection fails or
   * messages were missed.
   */
  restartIce(): void {
    this.#link?.restart();
  }

  /** Listens to the mailbox until the call ends. @returns the functions that stop it */
  #listen(ageMs: number): (() => void)[] {
    const mailbox = this.#mailbox;
    return [
      mailbox.runtime.after(this.#ringMs - ageMs, () => {
        // The caller takes its invite back; a `reject` of the called side would only cross it.
        if (!this.#link) this.#finish('invite_timeout', 'system', Boolean(this.#prepared));
      }),
      mailbox.on('message', (message) => this.#route(message)),
      mailbox.on('gap', ({ cause }) => {
        // An expired message may be from a third participant: a working connection is left alone.
        if (cause === 'expired') this.#link?.repair();
        else this.restartIce();
      }),
      mailbox.on('participant-left', ({ participantId, reason }) => {
        // When only its signalling timed out, media may continue, and it will join again.
        const mayReturn = this.#link && (reason === 'timeout' || reason === 'missed');
        if (participantId !== this.remote || mayReturn) return;
        this.#finish(this.#state === 'incoming' ? 'caller_gone' : reason, 'remote');
      }),
      mailbox.on('before-end', (cause) => (cause === 'left' ? this.#finish('left', 'local') : this.hangUp())),
      mailbox.on('ended', ({ reason }) => this.#finish(reason, 'system')),
    ];
  }

  /** Rings, once it is clear that the caller has not taken the invite back already. */
  #ringOrEnd(listener: (call: Call) => unknown, ageMs: number): void {
    const { upcoming, runtime } = this.#mailbox;
    let hasRung = false;
    const ring = (): void => {
      if (this.#state !== 'incoming' || hasRung) return;
      hasRung = true;
      this.#send({ type: 'ringing' }).catch(this.#onError);
      this.ask(() => listener(this));
    };
    const withdrawal = upcoming.messages.find((message) => withdraws(message, this));
    if (ageMs >= this.#ringMs || withdrawal) {
      const isReplaced = withdrawal?.type === 'invite';
      this.#finish(isReplaced ? 'replaced' : 'cancel', 'remote', isReplaced);
    } else if (!upcoming.more || ageMs <= STALE_INVITE_MS) ring();
    else {
      this.#endings.push(this.#mailbox.on('caught-up', ring), runtime.after(STALE_INVITE_WAIT_MS, ring));
    }
  }

  #route(message: ReceivedMessage): void {
    // An earlier listener for the same message may have ended the call.
    if (this.#state === 'ended') return;
    if (concerns(message, this)) {
      if (message.type === 'invite') this.#meet(message.callId);
      else this.#receive(message);
    } else if (!message.from && message.type === 'message-expired') this.#onExpired(fieldsOf(message));
  }

  #receive(message: ReceivedMessage): void {
    const { type } = message;
    if (type === 'ringing') this.#become('ringing', 'inviting');
    else if (type === 'accept') this.#connect(true);
    else if (endsCall(message)) this.#finish(parseReason(message), 'remote');
    else {
      // Some clients send an offer without an `accept`.
      if (type === 'offer') this.#connect(false);
      if (this.#link) this.#link.receive(type, fieldsOf(message));
      else if (this.#early.length < MAX_EARLY_MESSAGES) this.#early.push(message);
    }
  }

  /** A message of this side was not fetched in time. */
  #onExpired({ to, callId, type }: JsonObject): void {
    if (to !== this.remote || !isSameCall(textOrNone(callId), this.#callId)) return;
    if (type === 'invite') this.#finish('invite_timeout', 'system');
    else if (REPAIRED_BY_OFFER.test(String(type))) this.restartIce();
  }

  /**
   * Handles an invite that the other side sends during this call. When both have invited each other, both sides choose
   * the same call: the one with the lesser `callId`; the other invite counts as its acceptance. When the ids are equal,
   * the invite of the participant whose id sorts first counts. When this side was called, the other side has lost the
   * call and begins a new one.
   * @returns whether the invite is no new call
   */
  #meet(callId: string | undefined): boolean {
    const isSame = isSameCall(callId, this.#callId);
    if (!this.#prepared) {
      if (!isSame) this.#finish('replaced', 'remote', true);
      return isSame;
    }
    if (isSame ? this.remote < this.#mailbox.participantId : normalized(callId) < normalized(this.#callId)) {
      this.#callId = callId;
      this.#sendOrEnd({ type: 'accept' });
      this.#connect(false);
    }
    return true;
  }

  /** @param offers whether this side makes the first offer */
  #connect(offers: boolean, pc = this.#prepared): void {
    if (!pc) return;
    this.#prepared = pc;
    this.#become('connecting');
    // A listener for `state` may have ended the call.
    if (this.#state === 'ended') return;
    this.#link = new PeerLink(pc, offers, {
      polite: this.#options.polite ?? this.#mailbox.participantId > this.remote,
      timeoutMs: this.#options.iceTimeoutMs ?? ICE_TIMEOUT_MS,
      runtime: this.#mailbox.runtime,
      send: (message) => this.#send(message),
      up: () => this.#become('connected'),
      down: () => this.#become('reconnecting', 'connected'),
      giveUp: () => this.#finish(this.#state === 'connecting' ? 'ice_timeout' : 'ice_failed', 'system', true),
      fail: this.#onError,
      abort: (cause) => {
        this.#onError(cause);
        this.#finish(negotiationError(cause).code, 'system', true);
      },
    });
    this.#prepared = undefined;
    for (const message of this.#early.splice(0)) this.#route(message);
  }

  #become(state: CallState, from = this.#state): void {
    if (this.#state !== from || state === from) return;
    this.#state = state;
    this.emit('state', state);
  }

  /** @param informs whether to send the end to the other side */
  #finish(reason: string, by: CallEnd['by'], informs = false): void {
    if (this.#state === 'ended') return;
    const farewell = this.#link ? 'hangup' : this.#prepared ? 'cancel' : 'reject';
    if (informs) this.#send({ type: farewell, payload: { reason } }).catch(this.#onError);
    const registry = registryOf(this.#mailbox);
    registry.calls.delete(this);
    // Messages of this call that are still on their way need no answer.
    if (informs || by === 'remote') registry.recordOver(this.remote, this.#callId);
    for (const end of this.#endings) end();
    this.#link?.close();
    this.#prepared?.close();
    // A later listener for the same message must not connect the call.
    this.#link = this.#prepared = undefined;
    this.#become('ended');
    this.emit('ended', { reason, by });
  }

  /** Sends a message that the call cannot continue without. */
  #sendOrEnd(message: OutgoingMessage): void {
    this.#post(message).catch((error: unknown) => this.#finish(negotiationError(error).code, 'system'));
  }

  /** Rejects, except when the recipient is absent: `participant-left` reports that, and a rejoin repairs it. */
  #send(message: OutgoingMessage): Promise<unknown> {
    return this.#post(message).catch((error: unknown) => {
      if (negotiationError(error).code !== 'recipient-not-found') throw error;
    });
  }

  #post(message: OutgoingMessage): Promise<unknown> {
    return this.#mailbox.send({ ...message, to: this.remote, callId: this.#callId });
  }

  readonly #onError = (cause: unknown): void => {
    if (this.#state !== 'ended') this.fail(negotiationError(cause));
  };
}

const negotiationError = (cause: unknown): HoldlineError =>
  cause instanceof HoldlineError ? cause : new HoldlineError('negotiation-failed', cause);
