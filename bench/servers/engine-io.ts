/** engine.io, polling only: a relay between sessions. The text is forwarded as it came: the cheapest relay it can be. */
import { createServer } from 'node:http';
import { Server, type Socket } from 'engine.io';

const http = createServer();
const engine = new Server({ transports: ['polling'] });
const sessions = new Map<string, Socket>();

engine.on('connection', (socket) => {
  const { id } = socket;
  sessions.set(id, socket);
  socket.on('close', () => sessions.delete(id));
  socket.on('message', (text: string) => {
    const { to } = JSON.parse(text) as { to: string };
    sessions.get(to)?.send(text);
  });
});

engine.attach(http);
http.listen(Number(process.env.PORT), '127.0.0.1');
