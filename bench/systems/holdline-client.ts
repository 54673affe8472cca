import { randomUUID } from 'node:crypto';
import { CANDIDATE_GATHERING_MS, POLL_BATCH } from '../../src/client/limits.ts';
import { BatchingSender } from '../load/batching-sender.ts';
import type { Cuttable, HttpClient } from '../load/http-client.ts';
import { expectSuccess } from '../load/reply.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import type { Participant } from './system.ts';

/** The part of the answer to a join that a participant needs. */
export interface Joined {
  participantId: string;
  token: string;
  cursor: string;
}

/**
 * A participant that makes the requests of `holdline/client`, without the CPU time that the client would take from the
 * generator. test/tooling/bench-client.test.ts compares the requests of both.
 */
export class ClientParticipant implements Participant {
  readonly id: string;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #headers: string;
  readonly #callId = randomUUID();
  readonly #outbox: BatchingSender<Outgoing & { to: string }>;
  #cursor: string;
  /** Functions that queue the messages of this turn, and candidates that wait for others. */
  readonly #gathered: (() => void)[] = [];
  #poll: Cuttable | undefined;
  #hasStopped = false;

  constructor(http: HttpClient, path: string, { participantId, token, cursor }: Joined) {
    this.id = participantId;
    this.#http = http;
    this.#path = path;
    this.#headers = `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
    this.#cursor = cursor;
    this.#outbox = new BatchingSender((messages) => this.#sendBatch(messages));
  }

  async send(to: string, { type, payload }: Outgoing): Promise<void> {
    const isCandidate = type === 'candidate';
    if (!isCandidate) queueMicrotask(() => this.#release());
    else if (this.#gathered.length === 0) setTimeout(() => this.#release(), CANDIDATE_GATHERING_MS);
    const message = { type, payload: { ...payload, ...(!isCandidate && { offerId: randomUUID() }) }, to };
    await new Promise((resolve, reject) => {
      this.#gathered.push(() => void this.#outbox.enqueue(message).then(resolve, reject));
    });
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    const body = JSON.stringify({ after: this.#cursor, wait: 25, limit: POLL_BATCH });
    this.#poll = this.#http.cuttable('POST', `${this.#path}/messages/poll`, this.#headers, body);
    const reply = await this.#poll.reply;
    if (reply === undefined || this.#hasStopped || reply.status === 410) return 'over';
    const batch = JSON.parse(expectSuccess(reply).body) as { messages: unknown; cursor: string };
    this.#cursor = batch.cursor;
    return incoming(batch.messages);
  }

  /** Drops what the poll in flight brings. @returns the cursor after which another reader goes on */
  stopPolling(): string {
    this.#hasStopped = true;
    return this.#cursor;
  }

  cutPoll(): void {
    this.#poll?.cut();
  }

  /** The server then answers the held poll, which keeps its connection. */
  async leave(): Promise<void> {
    const path = `${this.#path}/participants/${this.id}/leave`;
    expectSuccess(await this.#http.request('POST', path, this.#headers, '{}'));
  }

  async #sendBatch(messages: readonly (Outgoing & { to: string })[]): Promise<void> {
    const body = JSON.stringify({ messages: messages.map((message) => ({ ...message, callId: this.#callId })) });
    const headers = `${this.#headers}Idempotency-Key: ${randomUUID()}\r\n`;
    expectSuccess(await this.#http.request('POST', `${this.#path}/messages/batch`, headers, body));
  }

  #release(): void {
    for (const enqueue of this.#gathered.splice(0)) enqueue();
    this.#outbox.flush();
  }
}
