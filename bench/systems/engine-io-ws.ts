import { Arrivals } from '../load/arrivals.ts';
import type { HttpClient } from '../load/http-client.ts';
import type { TextSocket } from '../load/web-socket.ts';
import {
  EngineParticipant,
  engineIo,
  joinSocketIo,
  MESSAGE,
  OPEN,
  PING,
  PONG,
  socketIo,
  type EngineSession,
} from './engine-io.ts';
import { peerRelay, type System } from './system.ts';

export const engineIoWs: System = {
  ...engineIo,
  name: 'engine.io-ws',
  title: 'engine.io, WebSocket',
  transport: 'WebSocket',
  serve: (port) => peerRelay('engine.io-ws', port),
  join: async (http) => new EngineParticipant(await openSession(http, '/engine.io/')),
};

export const socketIoWs: System = {
  ...socketIo,
  name: 'socket.io-ws',
  title: 'socket.io, WebSocket',
  transport: 'WebSocket',
  serve: (port) => peerRelay('socket.io-ws', port),
  join: async (http) => joinSocketIo(await openSession(http, '/socket.io/')),
};

async function openSession(http: HttpClient, path: string): Promise<EngineSession> {
  const socket = await http.webSocket(`${path}?EIO=4&transport=websocket`);
  return WebSocketSession.open(socket);
}

/** One packet a frame. A message counts as accepted once it is written: the server does not confirm it. */
class WebSocketSession implements EngineSession {
  id = '';
  readonly #socket: TextSocket;
  readonly #texts = new Arrivals<string>();

  private constructor(socket: TextSocket) {
    this.#socket = socket;
    socket.onClose = () => this.#texts.end();
  }

  static open(socket: TextSocket): Promise<WebSocketSession> {
    const session = new WebSocketSession(socket);
    return new Promise((resolve) => {
      socket.onText = (packet) => {
        if (!packet.startsWith(OPEN)) throw new Error(`no handshake: ${packet}`);
        session.id = (JSON.parse(packet.slice(1)) as { sid: string }).sid;
        socket.onText = (next) => session.#take(next);
        resolve(session);
      };
    });
  }

  send(text: string): Promise<void> {
    this.#socket.send(MESSAGE + text);
    return Promise.resolve();
  }

  receive(): Promise<string[] | 'over'> {
    return this.#texts.next();
  }

  /** Without a packet, like its own client. */
  close(): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }

  #take(packet: string): void {
    if (packet.startsWith(MESSAGE)) this.#texts.push(packet.slice(1));
    else if (packet === PING) this.#socket.send(PONG);
  }
}
