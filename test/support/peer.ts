import { EventEmitter, once } from 'node:events';
import { randomUUID } from 'node:crypto';
import type { Batch, MessageType, ReceivedMessage } from '../../src/wire/index.ts';
import { untilAnswered } from './fetch-member.ts';
import type { Member } from './member.ts';
import {
  type Candidate,
  type Configuration,
  type DataChannel,
  openPeerConnection,
  type PeerConnection,
  type SessionDescription,
} from './webrtc.ts';

/** A step of one side of a call. */
type Step = `${'sent' | 'got'} ${string}` | 'connected' | `heard ${string}` | 'ended';

interface Options {
  /** Sends candidates before their description, as may happen with concurrent sends. */
  readonly candidatesFirst?: boolean;
  readonly rtc?: Configuration;
}

/**
 * One side of a call on plain requests, in the steps of any client: announce the call (`invite`, `ringing`, `accept`),
 * offer, answer, candidates, connected, data, `hangup`. Requests without a reply are repeated: sends with the same
 * key, polls with the same cursor.
 */
export class Peer {
  readonly member: Member;
  readonly steps: Step[] = [];
  /** The number of candidates that arrived before their description. */
  earlyCandidates = 0;
  /** Resolves when polling ends because the participant is gone. Rejects when a step fails. */
  readonly listening: Promise<void>;
  readonly #connection: PeerConnection;
  readonly #options: Options;
  readonly #reached = new EventEmitter();
  readonly #failed = Promise.withResolvers<never>();
  #isCalling = false;
  #other = '';
  #outbox: Promise<unknown> = Promise.resolve();
  #queued: Candidate[] = [];
  #isRemoteSet = false;
  #hasCandidates = false;

  constructor(member: Member, options: Options = {}) {
    this.member = member;
    this.#options = options;
    this.#connection = openPeerConnection(options.rtc);
    this.#connection.onicecandidate = ({ candidate }) => this.#trickle(candidate?.toJSON());
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === 'connected') this.#reach('connected');
    };
    this.#connection.ondatachannel = ({ channel }) => this.#talk(channel);
    this.listening = Promise.race([this.#listen(), this.#failed.promise]);
  }

  /** Calls the other participant, or the next one to join. */
  async call(): Promise<void> {
    this.#isCalling = true;
    const roster = await untilAnswered(() => this.member.roster());
    const other = roster.find(({ participantId }) => participantId !== this.member.id);
    if (other !== undefined) this.#invite(other.participantId);
  }

  /** Resolves when all sends so far got a 201. */
  get sent(): Promise<unknown> {
    return this.#outbox;
  }

  hangUp(): void {
    this.#send('hangup', { reason: 'user_hangup' });
    this.#end();
  }

  /** Resolves once the step was taken, at once if it already was. */
  async reached(step: Step): Promise<void> {
    if (this.steps.includes(step)) return;
    const over = this.listening.then(() => Promise.reject(new Error(`${this.member.id} never came to "${step}"`)));
    await Promise.race([once(this.#reached, step), over]);
  }

  async #listen(): Promise<void> {
    let after = this.member.joined.cursor;
    for (;;) {
      const query = { after, wait: 20 };
      const answer = await untilAnswered(() => this.member.call('receiveMessages', { query }));
      if (answer.status !== 200) return;
      const { messages, cursor } = answer.body as Batch;
      // Not awaited: a slow handler must not delay later messages.
      for (const message of messages) this.#handle(message).catch((error: unknown) => this.#fail(error));
      after = cursor;
    }
  }

  /** Ignores errors after the call has ended: a candidate may arrive late. */
  #fail(error: unknown): void {
    if (!this.steps.includes('ended')) this.#failed.reject(error);
  }

  async #handle({ type, from = '', payload }: ReceivedMessage): Promise<void> {
    this.#reach(`got ${type}`);
    switch (type) {
      case 'participant-joined':
        this.#invite((payload as { participant: { participantId: string } }).participant.participantId);
        return;
      case 'invite':
        this.#accept(from);
        return;
      case 'accept':
        this.#talk(this.#connection.createDataChannel('talk'));
        return this.#describe('offer', await this.#connection.createOffer());
      case 'offer':
        await this.#setRemote(payload);
        return this.#describe('answer', await this.#connection.createAnswer());
      case 'answer':
        return this.#setRemote(payload);
      case 'candidate':
        return this.#addCandidate(payload);
      case 'hangup':
        this.#end();
        return;
      default:
    }
  }

  /** Sends each candidate when it is gathered, then an empty candidate at the end. */
  #trickle(candidate: Candidate | undefined): void {
    // An answering libwebrtc may signal the end once before its first candidate.
    if (candidate === undefined && !this.#hasCandidates) return;
    this.#hasCandidates = true;
    this.#send('candidate', candidate ?? { candidate: '' });
  }

  #invite(participantId: string): void {
    if (!this.#isCalling || this.#other !== '') return;
    this.#other = participantId;
    this.#send('invite');
  }

  #accept(caller: string): void {
    this.#other = caller;
    this.#send('ringing');
    this.#send('accept');
  }

  async #describe(type: 'offer' | 'answer', description: SessionDescription): Promise<void> {
    await this.#connection.setLocalDescription(description);
    if (this.#options.candidatesFirst === true) await this.reached('sent candidate');
    this.#send(type, { type: description.type, sdp: description.sdp });
  }

  async #setRemote(description: SessionDescription): Promise<void> {
    await this.#connection.setRemoteDescription(description);
    this.#isRemoteSet = true;
    for (const candidate of this.#queued.splice(0)) await this.#connection.addIceCandidate(candidate);
  }

  async #addCandidate(candidate: Candidate): Promise<void> {
    if (candidate.candidate === '') return;
    if (this.#isRemoteSet) return this.#connection.addIceCandidate(candidate);
    this.earlyCandidates += 1;
    this.#queued.push(candidate);
  }

  /** Sends its id, and waits for that of the other side. */
  #talk(channel: DataChannel): void {
    channel.onopen = () => {
      // The stack reports the opening a moment later; a call that ended meanwhile has closed the channel.
      if (channel.readyState === 'open') channel.send(this.member.id);
    };
    channel.onmessage = ({ data }) => this.#reach(`heard ${String(data)}`);
  }

  /** Sends messages one after another, in the order of the calls. */
  #send(type: MessageType, payload?: unknown): void {
    const message = { to: this.#other, type, callId: 'call-1', ...(payload === undefined ? {} : { payload }) };
    const headers = { 'Idempotency-Key': randomUUID() };
    this.#outbox = this.#outbox.then(async () => {
      await untilAnswered(() => this.member.send(message, headers));
      this.#reach(`sent ${type}`);
    });
    this.#outbox.catch(this.#failed.reject);
  }

  #end(): void {
    this.#connection.close();
    this.#reach('ended');
  }

  #reach(step: Step): void {
    this.steps.push(step);
    this.#reached.emit(step);
  }
}
