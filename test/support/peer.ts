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

/** What one side of a call has done or met. */
type Step = `${'sent' | 'got'} ${string}` | 'connected' | `heard ${string}` | 'ended';

interface Options {
  /** Lets candidates overtake the description that they belong to, as parallel sends may. */
  readonly candidatesFirst?: boolean;
  readonly rtc?: Configuration;
}

/**
 * One side of a call by plain requests, in the eight steps that any client goes through: announce the call (`invite`,
 * `ringing`, `accept`), offer, answer, candidates, connected, data, `hangup`. Whatever gets no reply is sent again:
 * sends under the same key, polls behind the same cursor.
 */
export class Peer {
  readonly member: Member;
  readonly steps: Step[] = [];
  /** Candidates that came before the description that they belong to. */
  earlyCandidates = 0;
  /** Resolves when another client has taken over the mailbox. @throws the failure of any step */
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

  /** Calls who is in the room, or the next one to join. */
  async call(): Promise<void> {
    this.#isCalling = true;
    const roster = await untilAnswered(() => this.member.roster());
    const other = roster.find(({ participantId }) => participantId !== this.member.id);
    if (other !== undefined) this.#invite(other.participantId);
  }

  /** Resolves when everything so far was answered with a 201. */
  get sent(): Promise<unknown> {
    return this.#outbox;
  }

  hangUp(): void {
    this.#send('hangup', { reason: 'user_hangup' });
    this.#end();
  }

  /** At once for a step that was taken before. */
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
      // As events are: one that takes long does not hold up the next.
      for (const message of messages) this.#handle(message).catch((error: unknown) => this.#fail(error));
      after = cursor;
    }
  }

  /** A candidate may still be on its way when the call is over; that it comes too late is no fault. */
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

  /** Each candidate when it is found, and at last that there are no more. */
  #trickle(candidate: Candidate | undefined): void {
    // An answering libwebrtc may report the end of candidates once before the first one.
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

  /** Sends its name, and waits for the other's. */
  #talk(channel: DataChannel): void {
    channel.onopen = () => {
      // The stack reports the opening a moment later; a call that ended meanwhile has closed the channel.
      if (channel.readyState === 'open') channel.send(this.member.id);
    };
    channel.onmessage = ({ data }) => this.#reach(`heard ${String(data)}`);
  }

  /** One after the other, in the order of the calls. */
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
