import type { JsonObject, ReceivedMessage } from '../wire/index.ts';
import type { CallEvents, CallOptions, InviteOptions } from './call-options.ts';
import { CallRegistry, isSameCall, normalized } from './call-registry.ts';
import type { CallEnd, CallState } from './call-state.ts';
import { HoldlineError } from './errors.ts';
import { Emitter } from './events.ts';
import type { Mailbox } from './mailbox.ts';
import { endsCall, fieldsOf, type OutgoingMessage } from './messages.ts';
import type { PeerConnectionLike } from './peer-connection.ts';
import { PeerLink } from './peer-link.ts';

/** How a call begins: by ours or by their invite. */
interface Invite {
  readonly remote: string;
  readonly callId: string | undefined;
  readonly payload: JsonObject;
  readonly ageMs: number;
}

const RING_MS = 60_000;
const ICE_MS = 30_000;
/** Bounds what a caller can send before `accept()`: an offer and its candidates are some dozens. */
const MAX_EARLY = 128;
/** An invite that waited this long may have been taken back by a message of the next batch. */
const STALE_MS = 5_000;
/** The longest that a stale invite waits for that batch before it rings. */
const STALE_WAIT_MS = 3_000;
/** Messages whose loss only a new offer makes up for. */
const REPAIRED_BY_OFFER = /^(offer|answer|accept)$/;

/** With these the other side goes on with a call. An ending is never answered: two clients would go on telling each other for ever. */
const NEEDS_CALL = /^(offer|answer|candidate)$/;

const registries = new WeakMap<Mailbox, CallRegistry<Call>>();

function registryOf(mailbox: Mailbox): CallRegistry<Call> {
  const registry = registries.get(mailbox) ?? new CallRegistry(mailbox.runtime);
  registries.set(mailbox, registry);
  return registry;
}

/** Calls of a mesh and calls of the user with the same participant leave each other alone. */
const isOfMesh = (payload: JsonObject): boolean => payload.mesh === true;

/** A call with one participant. A conference is one call with each of the others: see `Mesh`. */
export class Call extends Emitter<CallEvents> {
  /** The other participant. */
  readonly remote: string;
  /** What came with the invite, ours or theirs. */
  readonly payload: JsonObject;
  /** Resolves to true once connected, or to false when it ends before that. */
  readonly whenConnected: Promise<boolean>;
  /** Resolves when the call is over. */
  readonly whenEnded: Promise<CallEnd>;
  readonly #mailbox: Mailbox;
  readonly #options: CallOptions;
  readonly #endings: (() => void)[];
  readonly #ringMs: number;
  #callId: string | undefined;
  #state: CallState;
  #early: ReceivedMessage[] = [];
  /** Ours, until the other side accepts. */
  #prepared: PeerConnectionLike | undefined;
  #link: PeerLink | undefined;

  private constructor(mailbox: Mailbox, options: CallOptions, invite: Invite, prepared?: PeerConnectionLike) {
    super();
    this.#mailbox = mailbox;
    this.#options = options;
    this.remote = invite.remote;
    this.payload = invite.payload;
    this.#callId = invite.callId;
    this.#ringMs = options.ringTimeoutMs ?? RING_MS;
    this.#prepared = prepared;
    this.#state = prepared ? 'inviting' : 'incoming';
    this.whenEnded = new Promise((resolve) => void this.on('ended', resolve));
    this.whenConnected = new Promise((resolve) => {
      this.on('state', (state) => {
        if (state === 'connected' || state === 'ended') resolve(state === 'connected');
      });
    });
    this.#endings = [
      mailbox.runtime.after(this.#ringMs - invite.ageMs, () => {
        // The caller takes its invite back; a `reject` of the called side would only cross that.
        if (!this.#link) this.#finish('invite_timeout', 'system', Boolean(this.#prepared));
      }),
      mailbox.on('message', (message) => this.#route(message)),
      mailbox.on('gap', ({ cause }) => {
        // A message that expired may be one of a third participant: a connection that works is left alone.
        if (cause === 'expired') this.#link?.repair();
        else this.restartIce();
      }),
      mailbox.on('participant-left', ({ participantId, reason }) => {
        // When only its signalling timed out, media may flow on, and it will join again.
        const mayReturn = this.#link && (reason === 'timeout' || reason === 'missed');
        if (participantId !== this.remote || mayReturn) return;
        this.#finish(this.#state === 'incoming' ? 'caller_gone' : reason, 'remote');
      }),
      mailbox.on('before-end', (cause) => (cause === 'left' ? this.#finish('left', 'local') : this.hangUp())),
      mailbox.on('ended', ({ reason }) => this.#finish(reason, 'system')),
    ];
    registryOf(mailbox).calls.add(this);
  }

  /**
   * Calls a participant: sends `invite`; when it is accepted, an offer and candidates. When both call each other at once, the
   * two become one call. When that participant's invite already rings here, it is accepted instead.
   * @returns the call with that participant that is already connecting or connected, when there is one; `peerConnection` is then closed
   */
  static invite(mailbox: Mailbox, options: InviteOptions): Call {
    const { to: remote, peerConnection, payload = {}, callId = mailbox.runtime.newId() } = options;
    // A mesh asks no user: it must not answer a call that rings for one.
    const known = [...registryOf(mailbox).calls].find(
      (call) => call.remote === remote && isOfMesh(call.payload) === isOfMesh(payload) && !call.#prepared,
    );
    known?.accept(peerConnection);
    if (known) return known;
    const call = new Call(mailbox, options, { remote, callId, payload, ageMs: 0 }, peerConnection);
    const ttlSeconds = Math.min(Math.ceil(call.#ringMs / 1_000), mailbox.limits.maxTtlSeconds);
    call.#sendVital({ type: 'invite', payload, ttlSeconds });
    return call;
  }

  /**
   * Calls `listener` for every invite, and tells the caller that it rings. `accept` or `reject` it; at the end of `ringTimeoutMs`
   * it ends by itself. An invite that was taken back before it could ring is not reported. A newer invite of the same participant
   * ends its older call, which it has lost, as `replaced`. @returns a function that stops listening; invites then stay unanswered
   */
  static onInvite(mailbox: Mailbox, listener: (call: Call) => unknown, options: CallOptions = {}): () => void {
    return Call.answer(mailbox, false, listener, options);
  }

  /** @internal */
  static answer(mailbox: Mailbox, mesh: boolean, listener: (call: Call) => unknown, options: CallOptions): () => void {
    const registry = registryOf(mailbox);
    return mailbox.on('message', (message) => {
      const { from: remote, type, callId, ageMs } = message;
      if (!remote) return;
      const payload = fieldsOf(message);
      const calls = [...registry.calls].filter((call) => call.#concerns(message));
      if (type === 'invite') {
        // The calls hear of it before their own turn, so that the old one has ended when the new one rings.
        if (isOfMesh(payload) !== mesh || calls.some((call) => call.#meet(callId))) return;
        new Call(mailbox, options, { remote, callId, payload, ageMs }).#report(listener, ageMs);
      } else if (callId && NEEDS_CALL.test(type) && !calls[0] && registry.tell(remote, callId)) {
        const hangup = { type: 'hangup', to: remote, callId, payload: { reason: 'unknown_call' } } as const;
        // A sender that is no longer there needs no answer.
        mailbox.send(hangup).catch(() => undefined);
      }
    });
  }

  get state(): CallState {
    return this.#state;
  }

  /** Fences this call's messages from those of an older one; the caller chose it. */
  get callId(): string | undefined {
    return this.#callId;
  }

  /** Answers an incoming call. The call owns `peerConnection` from now on, and closes it at the end. */
  accept(peerConnection: PeerConnectionLike, payload: JsonObject = {}): void {
    if (this.#state !== 'incoming') {
      peerConnection.close();
      return;
    }
    this.#sendVital({ type: 'accept', payload });
    this.#begin(false, peerConnection);
  }

  /** Declines an incoming call. @param reason to 64 characters */
  reject(reason = 'user_busy'): void {
    this.hangUp(reason);
  }

  /** Takes back an invite that was not accepted. @param reason to 64 characters, such as `answered_elsewhere` */
  cancel(reason?: string): void {
    this.hangUp(reason);
  }

  /** Ends the call: sends `cancel`, `reject` or `hangup`, as far as it has come. @param reason to 64 characters */
  hangUp(reason = 'user_hangup'): void {
    this.#finish(reason, 'local', true);
  }

  /** Restarts ICE: a new path through a network that has changed. Done by itself when the connection fails or messages were missed. */
  restartIce(): void {
    this.#link?.restart();
  }

  /** Rings, once it is clear that the caller has not taken the invite back already. */
  #report(listener: (call: Call) => unknown, ageMs: number): void {
    const { upcoming, runtime } = this.#mailbox;
    let hasRung = false;
    const ring = (): void => {
      if (this.#state !== 'incoming' || hasRung) return;
      hasRung = true;
      this.#send({ type: 'ringing' }).catch(this.#onError);
      this.ask(() => listener(this));
    };
    const ending = upcoming.messages.find((message) => this.#isTakenBackBy(message));
    if (ageMs >= this.#ringMs || ending) {
      const isReplaced = ending?.type === 'invite';
      this.#finish(isReplaced ? 'replaced' : 'cancel', 'remote', isReplaced);
    } else if (!upcoming.more || ageMs <= STALE_MS) ring();
    else {
      this.#endings.push(this.#mailbox.on('caught-up', ring), runtime.after(STALE_WAIT_MS, ring));
    }
  }

  #isTakenBackBy(message: ReceivedMessage): boolean {
    const { type } = message;
    if (type === 'participant-left') return fieldsOf(message).participantId === this.remote;
    if (!this.#concerns(message)) return false;
    return type === 'invite' ? !isSameCall(message.callId, this.#callId) : endsCall(message);
  }

  /** Whether the other side sent a message of this call, or an invite that it meets. */
  #concerns(message: ReceivedMessage): boolean {
    if (message.from !== this.remote) return false;
    if (message.type === 'invite') return isOfMesh(fieldsOf(message)) === isOfMesh(this.payload);
    return isSameCall(message.callId, this.#callId);
  }

  #route(message: ReceivedMessage): void {
    const { from, type, callId } = message;
    const fields = fieldsOf(message);
    // A listener before this one may have ended the call.
    if (this.#state === 'ended') return;
    if (this.#concerns(message)) {
      if (type === 'invite') this.#meet(callId);
      else this.#receive(message, fields);
    } else if (!from && type === 'message-expired' && fields.to === this.remote) {
      if (!isSameCall(fields.callId as string | undefined, this.#callId)) return;
      if (fields.type === 'invite') this.#finish('invite_timeout', 'system');
      else if (REPAIRED_BY_OFFER.test(String(fields.type))) this.restartIce();
    }
  }

  #receive(message: ReceivedMessage, fields: JsonObject): void {
    const { type } = message;
    if (type === 'ringing') this.#become('ringing', 'inviting');
    else if (type === 'accept') this.#begin(true);
    else if (endsCall(message)) {
      this.#finish(typeof fields.reason === 'string' ? fields.reason : type, 'remote');
    } else {
      // Some peers offer without an `accept` of their own.
      if (type === 'offer') this.#begin(false);
      if (this.#link) this.#link.receive(type, fields);
      else if (this.#early.length < MAX_EARLY) this.#early.push(message);
    }
  }

  /**
   * Their invite meets ours. Both sides come to the same choice: the lesser `callId` is the call, and the other a yes to it. Of two
   * that are the same, the invite of the participant whose id sorts first counts. A call that was accepted is lost to the other side,
   * which begins anew. @returns whether the invite is no new call
   */
  #meet(callId: string | undefined): boolean {
    const isSame = isSameCall(callId, this.#callId);
    if (!this.#prepared) {
      if (!isSame) this.#finish('replaced', 'remote', true);
      return isSame;
    }
    if (isSame ? this.remote < this.#mailbox.participantId : normalized(callId) < normalized(this.#callId)) {
      this.#callId = callId;
      this.#sendVital({ type: 'accept' });
      this.#begin(false);
    }
    return true;
  }

  /** @param offers whether the first offer is ours to make */
  #begin(offers: boolean, pc = this.#prepared): void {
    if (!pc) return;
    this.#prepared = pc;
    this.#become('connecting');
    // Whoever was told so may have ended it.
    if (this.#state === 'ended') return;
    this.#link = new PeerLink(pc, offers, {
      polite: this.#options.polite ?? this.#mailbox.participantId > this.remote,
      timeoutMs: this.#options.iceTimeoutMs ?? ICE_MS,
      runtime: this.#mailbox.runtime,
      send: (type, payload) => this.#send({ type, payload } as OutgoingMessage),
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

  #finish(reason: string, by: CallEnd['by'], tell = false): void {
    if (this.#state === 'ended') return;
    const farewell = this.#link ? 'hangup' : this.#prepared ? 'cancel' : 'reject';
    if (tell) this.#send({ type: farewell, payload: { reason } }).catch(this.#onError);
    const registry = registryOf(this.#mailbox);
    registry.calls.delete(this);
    // Messages of this call that are still under way need no answer.
    if (tell || by === 'remote') registry.tell(this.remote, this.#callId);
    for (const end of this.#endings) end();
    this.#link?.close();
    this.#prepared?.close();
    // What an earlier listener of the same message ended, this one must not begin.
    this.#link = this.#prepared = undefined;
    this.#become('ended');
    this.emit('ended', { reason, by });
  }

  /** Sends a message without which there is no call. */
  #sendVital(message: OutgoingMessage): void {
    this.#post(message).catch((error: unknown) => this.#finish((error as HoldlineError).code, 'system'));
  }

  /** Rejects, unless the recipient is not there: the room tells of that, and a rejoin makes up for it. */
  #send(message: OutgoingMessage): Promise<unknown> {
    return this.#post(message).catch((error: unknown) => {
      if ((error as HoldlineError).code !== 'recipient-not-found') throw error;
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
