import { setTimeout as delay } from 'node:timers/promises';
import type { Participant, System } from '../systems/system.ts';
import type { HttpClient } from './http-client.ts';
import { candidate, description, MESSAGES_PER_SIDE, sequenceOf, type Incoming, type Outgoing } from './message.ts';
import { Stream, type Tally } from './tally.ts';

/** Candidates that one side sends at a time. */
const IN_FLIGHT = 3;
/**
 * When a side finds its candidates, in milliseconds after its description is set: as Chromium 156 finds the host
 * candidates of audio, video and data.
 */
export const FOUND_AFTER_MS = [2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7];
/** A call that takes longer has lost messages. */
const CALL_DEADLINE_MS = 30_000;

let rooms = 0;

/** A participant that keeps a poll open until it leaves. */
export class Endpoint {
  readonly participant: Participant;
  onMessage: (message: Incoming) => void = () => undefined;
  readonly #listening: Promise<void>;

  constructor(participant: Participant) {
    this.participant = participant;
    this.#listening = this.#listen();
  }

  async close(): Promise<void> {
    await this.participant.leave();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    for (;;) {
      const messages = await this.participant.receive();
      if (messages === 'over') return;
      for (const message of messages) this.onMessage(message);
    }
  }
}

/** Two new participants in a room of their own, each with an open poll. */
export class Pair {
  readonly caller: Endpoint;
  readonly callee: Endpoint;

  private constructor(caller: Endpoint, callee: Endpoint) {
    this.caller = caller;
    this.callee = callee;
  }

  static async open(system: System, http: HttpClient): Promise<Pair> {
    const room = `bench-${rooms++}`;
    const caller = new Endpoint(await system.join(http, room));
    const callee = new Endpoint(await system.join(http, room));
    return new Pair(caller, callee);
  }

  /** Offer, answer on receipt, candidates both ways; ends when both have all messages. */
  async call(tally: Tally, sendSide: SendSide = sendInFlight): Promise<void> {
    const startedMs = performance.now();
    const { caller, callee } = this;
    const toCallee = new Stream(tally);
    const toCaller = new Stream(tally);
    const offered = Promise.withResolvers<undefined>();
    const received = Promise.all([
      receiveAll(callee, toCallee, () => offered.resolve(undefined)),
      receiveAll(caller, toCaller),
    ]).then(() => tally.setupsMs.push(performance.now() - startedMs));
    const answered = offered.promise.then(() => sendSide(callee, caller, 'answer', toCaller));
    const over = Promise.all([sendSide(caller, callee, 'offer', toCallee), answered, received]);
    await Promise.race([over, delay(CALL_DEADLINE_MS, undefined, { ref: false })]);
  }

  async close(): Promise<void> {
    await Promise.all([this.caller.close(), this.callee.close()]);
  }
}

/** Resolves when all of one side's messages have arrived. */
export function receiveAll(
  endpoint: Endpoint,
  stream: Stream,
  onDescription: () => void = () => undefined,
): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  endpoint.onMessage = (message) => {
    if (!stream.arrived(sequenceOf(message))) return;
    if (message.type !== 'candidate') onDescription();
    if (stream.received === MESSAGES_PER_SIDE) resolve(undefined);
  };
  return promise;
}

/** Sends one side's messages of a call. */
export type SendSide = (from: Endpoint, to: Endpoint, type: 'offer' | 'answer', stream: Stream) => Promise<unknown>;

/** Sends the description, then the candidates, three in flight. */
const sendInFlight: SendSide = async (from, to, type, stream) => {
  await send(from, to, description(type), 0, stream);
  let next = 1;
  const sender = async () => {
    for (let sequence = next++; sequence < MESSAGES_PER_SIDE; sequence = next++) {
      await send(from, to, candidate(sequence), sequence, stream);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
};

/** Sends the description, and each candidate when it is found: whether they share requests is up to the participant. */
export const sendAsFound: SendSide = async (from, to, type, stream) => {
  const startedMs = performance.now();
  const sent = [send(from, to, description(type), 0, stream)];
  for (const [index, foundMs] of FOUND_AFTER_MS.entries()) {
    const waitMs = startedMs + foundMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    sent.push(send(from, to, candidate(index + 1), index + 1, stream));
  }
  await Promise.all(sent);
};

/** Sends one message and records it in the stream. */
export async function send(from: Endpoint, to: Endpoint, message: Outgoing, sequence: number, stream: Stream) {
  stream.sending(sequence);
  await from.participant.send(to.participant.id, message);
  stream.accepted(sequence);
}
