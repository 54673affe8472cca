import { randomUUID } from 'node:crypto';
import type { Cuttable, HttpClient } from '../load/http-client.ts';
import { expectSuccess } from '../load/reply.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { BatchingSender } from '../load/batching-sender.ts';
import { packageMissing, packageVersion, peerRelay, type Participant, type System } from './system.ts';

const TEXT_BODY = 'Content-Type: text/plain\r\n';
/** Frames of the SockJS protocol; a heartbeat (`h`) brings nothing. */
const OPEN = 'o';
const MESSAGES = 'a';

export const sockJs: System = {
  name: 'sockjs',
  title: 'sockjs-node, xhr-polling',
  transport: 'polls',
  keeps: 'in memory',
  version: () => packageVersion('sockjs'),
  missing: () => packageMissing('sockjs'),
  serve: (port) => peerRelay('sockjs', port),
  join,
};

async function join(http: HttpClient): Promise<Participant> {
  const id = randomUUID();
  const path = `/relay/000/${id}`;
  const reply = expectSuccess(await http.request('POST', `${path}/xhr`, TEXT_BODY, ''));
  if (!reply.body.startsWith(OPEN)) throw new Error(`no SockJS session: ${reply.body}`);
  return new SockJsParticipant(http, path, id);
}

class SockJsParticipant implements Participant {
  readonly id: string;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #outbox: BatchingSender;
  #poll: Cuttable | undefined;
  #left = false;

  constructor(http: HttpClient, path: string, id: string) {
    this.#http = http;
    this.#path = path;
    this.id = id;
    this.#outbox = new BatchingSender((texts) => this.#post(JSON.stringify(texts)));
  }

  send(to: string, message: Outgoing): Promise<void> {
    return this.#outbox.send(JSON.stringify({ from: this.id, to, ...message }));
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    if (this.#left) return 'over';
    this.#poll = this.#http.cuttable('POST', `${this.#path}/xhr`, TEXT_BODY, '');
    const reply = await this.#poll.reply;
    if (reply === undefined) return 'over';
    const frame = expectSuccess(reply).body;
    if (!frame.startsWith(MESSAGES)) return [];
    const texts = JSON.parse(frame.slice(1)) as string[];
    return incoming(texts.map((text): unknown => JSON.parse(text)));
  }

  /** Cuts the poll like its own client; the server then closes the session. */
  leave(): Promise<void> {
    this.#left = true;
    this.#poll?.cut();
    return Promise.resolve();
  }

  async #post(body: string): Promise<void> {
    expectSuccess(await this.#http.request('POST', `${this.#path}/xhr_send`, TEXT_BODY, body));
  }
}
