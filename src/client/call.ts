import type { JsonObject, ReceivedMessage } from '../wire/index.ts';
import type { CallEvents, CallOptions, InviteOptions } from './call-options.ts';
import type { CallEnd, CallState } from './call-state.ts';
import { HoldlineError } from './errors.ts';
import { Emitter } from './events.ts';
import type { Mailbox } from './mailbox.ts';
import { fieldsOf, type OutgoingMessage } from './messages.ts';
import type { PeerConnectionLike } from './peer-connection.ts';
import { PeerLink } from './peer-link.ts';
import { after, randomId } from './platform.ts';

/** How a call begins: by ours or by their invite. */
interface Invite {
  readonly remote: string;
  readonly callId: string | undefined;
  readonly payload: JsonObject;
  readonly ageMs: number;
}

const RING_MS = 60_000;
const ICE_MS = 30_000;
/** What may come before `accept()`: an offer and its candidates. */
const MAX_EARLY = 128;

/** The calls of each mailbox that are not over. */
const live = new WeakMap<Mailbox, Set<Call>>();

function callsOf(mailbox: Mailbox): Set<Call> {
  const calls = live.get(mailbox) ?? new Set();
  live.set(mailbox, calls);
  return calls;
}

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
    this.#prepared = prepared;
    this.#state = prepared ? 'inviting' : 'incoming';
    this.whenEnded = new Promise((resolve) => void this.on('ended', resolve));
    this.whenConnected = new Promise((resolve) => {
      this.on('state', (state) => {
        if (state === 'connected' || state === 'ended') resolve(state === 'connected');
      });
    });
    this.#endings = [
      after(mailbox.platform.timers, this.#ringMs - invite.ageMs, () => this.#ringOut()),
      mailbox.on('message', (message) => this.#route(message)),
      mailbox.on('gap', () => this.restartIce()),
      mailbox.on('participant-left', ({ participantId, reason }) => this.#left(participantId, reason)),
      mailbox.on('ended', ({ reason }) => this.#finish(reason, reason === 'left' ? 'local' : 'system')),
    ];
    callsOf(mailbox).add(this);
  }

  /**
   * Calls a participant: sends `invite`; when it is accepted, an offer and candidates. When both call each other at once, the
   * two become one call. When that participant's invite already rings here, it is accepted instead.
   */
  static invite(mailbox: Mailbox, options: InviteOptions): Call {
    const { to: remote, peerConnection, payload = {}, callId = randomId(mailbox.platform.random) } = options;
    const theirs = [...callsOf(mailbox)].find(
      // A mesh asks nobody: it must not answer what rings for its user.
      (call) => call.remote === remote && call.state === 'incoming' && call.payload.mesh === payload.mesh,
    );
    theirs?.accept(peerConnection);
    if (theirs) return theirs;
    const call = new Call(mailbox, options, { remote, callId, payload, ageMs: 0 }, peerConnection);
    const ttlSeconds = Math.min(Math.ceil(call.#ringMs / 1_000), mailbox.limits.maxTtlSeconds);
    call.#send({ type: 'invite', payload, ttlSeconds }, true);
    return call;
  }

  /**
   * Calls `listener` for every invite, and tells the caller that it rings. `accept` or `reject` it; at the end of `ringTimeoutMs`
   * it ends by itself. @returns a function that stops listening; invites then stay unanswered
   */
  static onInvite(mailbox: Mailbox, listener: (call: Call) => unknown, options: CallOptions = {}): () => void {
    return Call.answer(mailbox, false, listener, options);
  }

  /** @internal */
  static answer(mailbox: Mailbox, mesh: boolean, listener: (call: Call) => unknown, options: CallOptions): () => void {
    return mailbox.on('message', (message) => {
      const { from: remote, type, callId, ageMs } = message;
      const payload = fieldsOf(message);
      if (!remote || type !== 'invite' || (payload.mesh === true) !== mesh) return;
      // One that is known, or that meets ours, is that call's business.
      for (const call of callsOf(mailbox)) {
        if (call.remote === remote && (call.#callId === callId || call.#prepared)) return;
      }
      const call = new Call(mailbox, options, { remote, callId, payload, ageMs });
      call.#send({ type: 'ringing' });
      call.ask(() => listener(call));
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
    this.#send({ type: 'accept', payload }, true);
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

  get #ringMs(): number {
    return this.#options.ringTimeoutMs ?? RING_MS;
  }

  #route(message: ReceivedMessage): void {
    const { from, type, callId } = message;
    const fields = fieldsOf(message);
    if (from === this.remote) {
      if (type === 'invite') this.#meet(callId);
      else if (callId === this.#callId) this.#receive(type, fields, message);
    } else if (!from && type === 'message-expired' && fields.to === this.remote && fields.callId === this.#callId) {
      if (fields.type === 'invite') this.#finish('invite_timeout', 'system');
      // Who missed a candidate will see the gap, and restart.
      else if (fields.type !== 'candidate') this.restartIce();
    }
  }

  #receive(type: string, fields: JsonObject, message: ReceivedMessage): void {
    if (type === 'ringing') this.#become('ringing', 'inviting');
    else if (type === 'accept') this.#begin(true);
    else if (type === 'reject' || type === 'cancel' || type === 'hangup') {
      this.#finish(typeof fields.reason === 'string' ? fields.reason : type, 'remote');
    } else {
      // Some peers offer without an `accept` of their own.
      if (type === 'offer') this.#begin(false);
      if (this.#link) this.#link.receive(type, fields);
      else if (this.#early.length < MAX_EARLY) this.#early.push(message);
    }
  }

  /** Their invite meets ours. Both sides come to the same choice: the lesser `callId` is the call, and the other a yes to it. */
  #meet(callId = ''): void {
    if (!this.#prepared || callId >= (this.#callId ?? '')) return;
    this.#callId = callId;
    this.#send({ type: 'accept' }, true);
    this.#begin(false);
  }

  #left(participantId: string, reason: string): void {
    // When only its signalling timed out, media may flow on, and it will join again.
    const mayReturn = this.#link && (reason === 'timeout' || reason === 'missed');
    if (participantId === this.remote && !mayReturn) this.#finish(reason, 'remote');
  }

  #ringOut(): void {
    // The caller takes its invite back; a `reject` of the called side would only cross that.
    if (!this.#link) this.#finish('invite_timeout', 'system', Boolean(this.#prepared));
  }

  /** @param offers whether the first offer is ours to make */
  #begin(offers: boolean, pc = this.#prepared): void {
    if (!pc) return;
    this.#prepared = pc;
    this.#become('connecting');
    // Whoever was told so may have ended it.
    if (this.#state === 'ended') return;
    const { timers, random } = this.#mailbox.platform;
    this.#link = new PeerLink(pc, offers, {
      polite: this.#options.polite ?? this.#mailbox.participantId > this.remote,
      timers,
      timeoutMs: this.#options.iceTimeoutMs ?? ICE_MS,
      newId: () => randomId(random),
      send: (type, payload) => this.#send({ type, payload } as OutgoingMessage),
      up: () => this.#become('connected'),
      down: () => this.#become('reconnecting', 'connected'),
      giveUp: () => this.#finish(this.#state === 'connecting' ? 'ice_timeout' : 'ice_failed', 'system', true),
      fail: (cause) => this.fail(new HoldlineError('negotiation-failed', undefined, cause)),
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
    if (tell) this.#send({ type: farewell, payload: { reason } });
    callsOf(this.#mailbox).delete(this);
    for (const end of this.#endings) end();
    this.#link?.close();
    this.#prepared?.close();
    // What an earlier listener of the same message ended, this one must not begin.
    this.#link = this.#prepared = undefined;
    this.#become('ended');
    this.emit('ended', { reason, by });
  }

  /** @param isVital whether there is no call without it */
  #send(message: OutgoingMessage, isVital = false): void {
    const addressed = { ...message, to: this.remote, callId: this.#callId };
    this.#mailbox.send(addressed).catch((cause: unknown) => {
      const error = cause as HoldlineError;
      if (isVital) this.#finish(error.code, 'system');
      // Whoever is not there is told about by the room; what came too late is made up for by an ICE restart.
      else if (this.#state !== 'ended' && error.code !== 'recipient-not-found') this.fail(error);
    });
  }
}
