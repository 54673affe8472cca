import type { HttpClient } from '../load/http-client.ts';
import { expectSuccess } from '../load/reply.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { BatchingSender } from '../load/batching-sender.ts';
import { packageMissing, packageVersion, peerRelay, type Participant, type System } from './system.ts';

export const engineIo: System = {
  name: 'engine.io',
  title: 'engine.io, polling',
  transport: 'polls',
  keeps: 'in memory',
  version: () => packageVersion('engine.io'),
  missing: () => packageMissing('engine.io'),
  serve: (port) => peerRelay('engine.io', port),
  async join(http) {
    return new EngineParticipant(await openSession(http, '/engine.io/'));
  },
};

/** A session of engine.io. */
export interface EngineSession {
  readonly id: string;
  send(text: string): Promise<void>;
  /** The texts of one poll, or what a WebSocket has brought; `over` once the session is closed. */
  receive(): Promise<string[] | 'over'>;
  close(): Promise<void>;
}

/** Packet types of the engine.io protocol, version 4; a record separator divides the packets of a payload. */
export const OPEN = '0';
const CLOSE = '1';
export const PING = '2';
export const PONG = '3';
export const MESSAGE = '4';
const SEPARATOR = '\x1e';
const TEXT_BODY = 'Content-Type: text/plain;charset=UTF-8\r\n';

/** Polls like its own client. */
class PollingSession implements EngineSession {
  readonly id: string;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #outbox: BatchingSender;
  #closed = false;

  constructor(http: HttpClient, path: string, id: string) {
    this.#http = http;
    this.#path = `${path}?EIO=4&transport=polling&sid=${id}`;
    this.id = id;
    this.#outbox = new BatchingSender((packets) => this.#post(packets.join(SEPARATOR)));
  }

  send(text: string): Promise<void> {
    return this.#outbox.send(MESSAGE + text);
  }

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

async function openSession(http: HttpClient, path: string): Promise<EngineSession> {
  const reply = expectSuccess(await http.request('GET', `${path}?EIO=4&transport=polling`));
  if (!reply.body.startsWith(OPEN)) throw new Error(`no handshake: ${reply.body}`);
  const { sid } = JSON.parse(reply.body.slice(1)) as { sid: string };
  return new PollingSession(http, path, sid);
}

export class EngineParticipant implements Participant {
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

/** Packet types of the socket.io protocol, version 5. */
const SOCKET_CONNECT = '0';
const SOCKET_EVENT = '2';

export const socketIo: System = {
  name: 'socket.io',
  title: 'socket.io, polling',
  transport: 'polls',
  keeps: 'in memory',
  version: () => packageVersion('socket.io'),
  missing: () => packageMissing('socket.io'),
  serve: (port) => peerRelay('socket.io', port),
  join: async (http) => joinSocketIo(await openSession(http, '/socket.io/')),
};

export async function joinSocketIo(session: EngineSession): Promise<Participant> {
  await session.send(SOCKET_CONNECT);
  const packets = await session.receive();
  const connected = packets === 'over' ? undefined : packets.find((packet) => packet.startsWith(SOCKET_CONNECT));
  if (connected === undefined) throw new Error('socket.io did not connect');
  const { sid } = JSON.parse(connected.slice(1)) as { sid: string };
  return new SocketParticipant(session, sid);
}

class SocketParticipant implements Participant {
  readonly id: string;
  readonly #session: EngineSession;

  constructor(session: EngineSession, id: string) {
    this.#session = session;
    this.id = id;
  }

  send(to: string, message: Outgoing): Promise<void> {
    return this.#session.send(SOCKET_EVENT + JSON.stringify(['message', { from: this.id, to, ...message }]));
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    const packets = await this.#session.receive();
    if (packets === 'over') return 'over';
    const events = packets.filter((packet) => packet.startsWith(SOCKET_EVENT));
    return incoming(events.map((packet) => (JSON.parse(packet.slice(1)) as unknown[])[1]));
  }

  leave(): Promise<void> {
    return this.#session.close();
  }
}
