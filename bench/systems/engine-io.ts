import { expectSuccess, type HttpClient } from '../load/http-client.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { OneAtATime } from '../load/one-at-a-time.ts';
import { packageMissing, packageVersion, serverScript } from './peer.ts';
import type { Participant, System } from './system.ts';

export const engineIo: System = {
  name: 'engine.io',
  title: 'engine.io, polling',
  keeps: 'in memory',
  version: () => packageVersion('engine.io'),
  missing: () => packageMissing('engine.io'),
  serve: (port) => serverScript('engine-io', port),
  async join(http) {
    return new EngineParticipant(await openSession(http, '/engine.io/'));
  },
};

/** Packet types of the engine.io protocol, version 4; packets of one payload are parted by a record separator. */
const OPEN = '0';
const CLOSE = '1';
const PING = '2';
const PONG = '3';
const MESSAGE = '4';
const SEPARATOR = '\x1e';
const TEXT_BODY = 'Content-Type: text/plain;charset=UTF-8\r\n';

/** A polling session of engine.io, as its own client keeps it. */
export class EngineSession {
  readonly id: string;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #outbox: OneAtATime;
  #closed = false;

  constructor(http: HttpClient, path: string, id: string) {
    this.#http = http;
    this.#path = `${path}?EIO=4&transport=polling&sid=${id}`;
    this.id = id;
    this.#outbox = new OneAtATime((packets) => this.#post(packets.join(SEPARATOR)));
  }

  send(text: string): Promise<void> {
    return this.#outbox.send(MESSAGE + text);
  }

  /** The texts one poll brought; `over` once the session is closed. */
  async receive(): Promise<string[] | 'over'> {
    const reply = await this.#http.request('GET', this.#path);
    if (this.#closed) return 'over';
    const packets = expectSuccess(reply).body.split(SEPARATOR);
    if (packets.includes(PING)) await this.#outbox.send(PONG);
    return packets.filter((packet) => packet.startsWith(MESSAGE)).map((packet) => packet.slice(1));
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#outbox.send(CLOSE);
  }

  async #post(payload: string): Promise<void> {
    expectSuccess(await this.#http.request('POST', this.#path, TEXT_BODY, payload));
  }
}

export async function openSession(http: HttpClient, path: string): Promise<EngineSession> {
  const reply = expectSuccess(await http.request('GET', `${path}?EIO=4&transport=polling`));
  if (!reply.body.startsWith(OPEN)) throw new Error(`no handshake: ${reply.body}`);
  const { sid } = JSON.parse(reply.body.slice(1)) as { sid: string };
  return new EngineSession(http, path, sid);
}

class EngineParticipant implements Participant {
  readonly id: string;
  readonly #session: EngineSession;

  constructor(session: EngineSession) {
    this.#session = session;
    this.id = session.id;
  }

  send(to: string, message: Outgoing): Promise<void> {
    return this.#session.send(JSON.stringify({ from: this.id, to, ...message }));
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    const texts = await this.#session.receive();
    return texts === 'over' ? 'over' : incoming(texts.map((text): unknown => JSON.parse(text)));
  }

  leave(): Promise<void> {
    return this.#session.close();
  }
}
