/** The relays of the peers, each with its defaults. The argument names the peer. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { Connection } from 'sockjs';
import type { WebSocket } from 'ws';

/** Loads only the peer that it starts: the memory of the process is measured. */
const peers: Record<string, (http: HttpServer) => Promise<void>> = {
  'engine.io': (http) => engineIo(http, 'polling'),
  'engine.io-ws': (http) => engineIo(http, 'websocket'),
  'socket.io': (http) => socketIo(http, 'polling'),
  'socket.io-ws': (http) => socketIo(http, 'websocket'),
  sockjs: sockJs,
  faye,
  ws: bareWs,
};

type EngineTransport = 'polling' | 'websocket';

/** The used part of a socket; the types of engine.io declare `id` as private. */
interface EngineSocket {
  readonly id: string;
  on(event: 'close', listener: () => void): void;
  on(event: 'message', listener: (text: string) => void): void;
  send(text: string): void;
}

/** One transport only. The text is forwarded as it came, which is the cheapest relay. */
async function engineIo(http: HttpServer, transport: EngineTransport): Promise<void> {
  const { Server } = await import('engine.io');
  const engine = new Server({ transports: [transport] });
  const sessions = new Map<string, EngineSocket>();
  engine.on('connection', (socket: EngineSocket) => {
    const { id } = socket;
    sessions.set(id, socket);
    socket.on('close', () => sessions.delete(id));
    socket.on('message', (text) => sessions.get(recipientOf(text))?.send(text));
  });
  engine.attach(http);
}

/** One transport only. */
async function socketIo(http: HttpServer, transport: EngineTransport): Promise<void> {
  const { Server } = await import('socket.io');
  const io = new Server(http, { transports: [transport], serveClient: false });
  io.on('connection', (socket) => {
    socket.on('message', (message: { to: string }) => io.to(message.to).emit('message', message));
  });
}

/** A relay between sessions, which are named by their clients in the URL: `/relay/<server>/<session>/xhr`. */
async function sockJs(http: HttpServer): Promise<void> {
  const { default: sockjs } = await import('sockjs');
  const sessions = new Map<string, Connection>();
  const relay = sockjs.createServer({ websocket: false, log: () => undefined });
  relay.on('connection', (connection) => {
    const session = connection.url.split('/')[3] ?? '';
    sessions.set(session, connection);
    connection.on('close', () => sessions.delete(session));
    connection.on('data', (text) => sessions.get(recipientOf(text))?.write(text));
  });
  relay.installHandlers(http, { prefix: '/relay' });
}

/** Uses the in-memory engine, the default. */
async function faye(http: HttpServer): Promise<void> {
  const { default: library } = await import('faye');
  new library.NodeAdapter({ mount: '/bayeux', timeout: 45 }).attach(http);
}

/** Relays between the members of a room, whose names are in the URL: `/<room>/<member>`. Without heartbeats. */
async function bareWs(http: HttpServer): Promise<void> {
  const { WebSocketServer } = await import('ws');
  const rooms = new Map<string, Map<string, WebSocket>>();
  new WebSocketServer({ server: http }).on('connection', (socket, { url }) => {
    const [room = '', member = ''] = (url ?? '').slice(1).split('/');
    const members = rooms.get(room) ?? new Map<string, WebSocket>();
    rooms.set(room, members.set(member, socket));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      members.get(recipientOf(text))?.send(text);
    });
    socket.on('close', () => {
      members.delete(member);
      if (members.size === 0) rooms.delete(room);
    });
  });
}

const recipientOf = (text: string): string => (JSON.parse(text) as { to: string }).to;

const http = createServer();
await peers[process.argv[2] ?? '']?.(http);
http.listen(Number(process.env.PORT), '127.0.0.1');
