import { setTimeout as delay } from 'node:timers/promises';
import type { System } from '../systems/system.ts';
import { Endpoint } from './endpoint.ts';
import type { HttpClient } from './http-client.ts';
import { candidate, description, MESSAGES_PER_SIDE, sequenceOf, type Outgoing } from './message.ts';
import { Stream, type Tally } from './tally.ts';

/** Candidates of one side on their way at a time. */
const IN_FLIGHT = 3;
/** A call that is not over by then never will be: what is missing counts as lost. */
const CALL_DEADLINE_MS = 30_000;

let rooms = 0;

/** Two fresh participants in a room of their own, each with a poll open. */
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

  /** Offer, answer on receipt, candidates both ways; over when both have everything. */
  async call(tally: Tally): Promise<void> {
    const { caller, callee } = this;
    const there = new Stream(tally);
    const back = new Stream(tally);
    const offered = Promise.withResolvers<undefined>();
    const heard = [hearAll(callee, there, () => offered.resolve(undefined)), hearAll(caller, back)];
    const answered = offered.promise.then(() => speak(callee, caller, 'answer', back));
    const over = Promise.all([speak(caller, callee, 'offer', there), answered, ...heard]);
    await Promise.race([over, delay(CALL_DEADLINE_MS, undefined, { ref: false })]);
  }

  async close(): Promise<void> {
    await Promise.all([this.caller.close(), this.callee.close()]);
  }
}

/** Resolves when all of one side's messages have arrived. */
function hearAll(endpoint: Endpoint, stream: Stream, onDescription: () => void = () => undefined): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  endpoint.onMessage = (message) => {
    if (!stream.arrived(sequenceOf(message))) return;
    if (message.type !== 'candidate') onDescription();
    if (stream.received === MESSAGES_PER_SIDE) resolve(undefined);
  };
  return promise;
}

/** One side's part of a call: its description, then its candidates one by one, three in flight. */
async function speak(from: Endpoint, to: Endpoint, type: 'offer' | 'answer', stream: Stream): Promise<void> {
  await send(from, to, description(type), 0, stream);
  let next = 1;
  const lane = async () => {
    for (let sequence = next++; sequence < MESSAGES_PER_SIDE; sequence = next++) {
      await send(from, to, candidate(sequence), sequence, stream);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** Sends one message and keeps the books about it. */
export async function send(from: Endpoint, to: Endpoint, message: Outgoing, sequence: number, stream: Stream) {
  stream.sending(sequence);
  await from.participant.send(to.participant.id, message);
  stream.accepted(sequence);
}
