import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { decodeCursor } from '../../src/signalling/cursor.ts';
import { SUBPROTOCOL, type Batch } from '../../src/wire/index.ts';
import { headersOf } from '../load/json-client.ts';
import type { Cuttable, HttpClient } from '../load/http-client.ts';
import type { NumberTally } from './tally.ts';

/** Longest time on one road between two switches: long enough for a few messages, short enough to switch often. */
const STAY_MS = 30;
const WAIT_SECONDS = 5;
/** Of the cursors that were handled last, one is sent as `after`. An older one may be forgotten already. */
const REPEATED_CURSORS = 3;

export interface SwitchingOptions {
  readonly http: HttpClient;
  readonly port: number;
  readonly room: string;
  readonly token: string;
  readonly cursor: string;
  readonly numbers: NumberTally;
  readonly errors: string[];
}

interface Problem {
  readonly code: string;
}

interface SocketFrame {
  readonly type: string;
  readonly batch?: Batch;
  readonly problem?: Problem;
}

const chance = (share: number): boolean => Math.random() < share;

/**
 * Reads one mailbox alternately by polls and by sockets. It changes roads at random moments, with the old one cut off,
 * closed, or still open and displaced; it repeats cursors and leaves batches unacknowledged.
 */
export class SwitchingReader {
  readonly #options: SwitchingOptions;
  /** Handled, the furthest last. */
  readonly #cursors: string[];
  #poll: Cuttable | undefined;
  #socket: WebSocket | undefined;
  switches = 0;

  constructor(options: SwitchingOptions) {
    this.#options = options;
    this.#cursors = [options.cursor];
  }

  async run(switches: number): Promise<void> {
    while (this.switches < switches) {
      await this.#readByPolls();
      await this.#readBySocket();
    }
    this.#socket?.terminate();
    this.#poll?.cut();
  }

  /** Reads until so many numbers are here, or nothing is pending any more. */
  async readToTheEnd(): Promise<void> {
    for (let isEmpty = false; !isEmpty;) {
      const before = this.#cursors.at(-1);
      await this.#startPoll(before, 0).reply;
      await pause(0);
      isEmpty = this.#cursors.at(-1) === before;
    }
  }

  get #after(): string | undefined {
    return chance(0.8) ? this.#cursors.at(-1) : this.#cursors.at(-Math.ceil(Math.random() * REPEATED_CURSORS));
  }

  async #readByPolls(): Promise<void> {
    const untilMs = performance.now() + Math.random() * STAY_MS;
    this.switches += 1;
    for (let leftMs = STAY_MS; leftMs > 0; leftMs = untilMs - performance.now()) {
      const poll = this.#startPoll(this.#after, chance(0.2) ? 0 : WAIT_SECONDS);
      this.#poll = poll;
      const isAnswered = await Promise.race([poll.reply.then(() => true), pause(leftMs)]);
      if (isAnswered !== true) return;
    }
  }

  #startPoll(after: string | undefined, wait: number): Cuttable {
    const { http, room, token, errors } = this.#options;
    const body = { wait, ...(after !== undefined && { after }) };
    const path = `/v1/rooms/${room}/messages/poll`;
    const poll = http.cuttable('POST', path, headersOf({ token, body }), JSON.stringify(body));
    poll.reply.then(
      (reply) => {
        if (reply?.status === 200) this.#handle(JSON.parse(reply.body) as Batch);
        else if (reply !== undefined) this.#onProblem(JSON.parse(reply.body) as Problem, after);
      },
      (error: unknown) => errors.push(`a poll failed: ${String(error)}`),
    );
    return poll;
  }

  async #readBySocket(): Promise<void> {
    const { port, room, token } = this.#options;
    // At most two sockets of a mailbox are open, so the displaced one goes first.
    this.#socket?.terminate();
    if (chance(0.4)) this.#poll?.cut();
    const url = `ws://127.0.0.1:${port}/v1/rooms/${room}/messages/socket`;
    const ws = new WebSocket(url, [SUBPROTOCOL], { headers: { Authorization: `Bearer ${token}` } });
    this.#socket = ws;
    this.switches += 1;
    const after = this.#after;
    const isReading = new Promise<void>((resolve) => {
      ws.once('open', () => ws.send(JSON.stringify({ type: 'read', ...(after !== undefined && { after }) })));
      ws.once('close', () => resolve());
      ws.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as SocketFrame;
        if (frame.batch !== undefined) this.#onBatch(ws, frame.batch);
        if (frame.problem !== undefined) this.#onProblem(frame.problem, after);
        if (frame.type !== 'welcome') resolve();
      });
    });
    ws.on('error', () => undefined);
    // Some are killed before their first batch is here.
    await (chance(0.15) ? pause(Math.random() * 5) : isReading);
    if (chance(0.5)) this.#poll?.cut();
    await pause(Math.random() * STAY_MS);
    // Some stay open, and are displaced.
    const fate = Math.random();
    if (fate < 0.4) ws.terminate();
    else if (fate < 0.64) ws.close();
  }

  #onBatch(ws: WebSocket, batch: Batch): void {
    this.#handle(batch);
    if (ws.readyState !== ws.OPEN || chance(0.1)) return;
    ws.send(JSON.stringify({ type: 'ack', cursor: chance(0.9) ? this.#cursors.at(-1) : batch.cursor }));
  }

  #handle({ messages, cursor, expired }: Batch): void {
    const { numbers } = this.#options;
    numbers.expired += expired;
    for (const { id, type, payload } of messages) if (type === 'custom') numbers.take(id, Number(payload));
    if (positionOf(cursor) > positionOf(this.#cursors.at(-1))) this.#cursors.push(cursor);
    this.#cursors.splice(0, this.#cursors.length - REPEATED_CURSORS);
  }

  #onProblem({ code }: Problem, after: string | undefined): void {
    const isForgotten = code === 'cursor-expired' && after !== this.#cursors.at(-1);
    if (!isForgotten && code !== 'poll-superseded') this.#options.errors.push(`${code} after a switch`);
  }
}

const positionOf = (cursor: string | undefined): number => (cursor === undefined ? -1 : decodeCursor(cursor).position);
