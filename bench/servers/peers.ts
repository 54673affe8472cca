/** The relays of the peers, each with its defaults. The argument names the peer. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { Connection } from 'sockjs';

/** Loads only the peer that it starts: the memory of the process is measured. */
const peers: Record<string, (http: HttpServer) => Promise<void>> = {
  'engine.io': engineIo,
  'socket.io': socketIo,
  sockjs: sockJs,
  faye,
};

/** Polling only. The text is forwarded as it came, which is the cheapest relay. */
async function engineIo(http: HttpServer): Promise<void> {
  const { Server } = await import('engine.io');
  const engine = new Server({ transports: ['polling'] });
  const sessions = new Map<string, { send(text: string): void }>();
  engine.on('connection', (socket) => {
    const { id } = socket;
    sessions.set(id, socket);
    socket.on('close', () => sessions.delete(id));
    socket.on('message', (text) => sessions.get(recipientOf(text))?.send(text));
  });
  engine.attach(http);
}

/** Polling only. */
async function socketIo(http: HttpServer): Promise<void> {
  const { Server } = await import('socket.io');
  const io = new Server(http, { transports: ['polling'], serveClient: false });
  io.on('connection', (socket) => {
    socket.on('message', (message) => io.to(message.to).emit('message', message));
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

const recipientOf = (text: string): string => (JSON.parse(text) as { to: string }).to;

const http = createServer();
await peers[process.argv[2] ?? '']?.(http);
http.listen(Number(process.env.PORT), '127.0.0.1');
