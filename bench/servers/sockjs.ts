/** sockjs-node: a relay between sessions, named as their clients named them in the URL. */
import { createServer } from 'node:http';
import sockjs, { type Connection } from 'sockjs';

const sessions = new Map<string, Connection>();
const relay = sockjs.createServer({ websocket: false, log: () => undefined });

/** `/relay/<server>/<session>/xhr` */
function sessionOf(connection: Connection): string {
  return connection.url.split('/')[3] ?? '';
}

relay.on('connection', (connection) => {
  const session = sessionOf(connection);
  sessions.set(session, connection);
  connection.on('close', () => sessions.delete(session));
  connection.on('data', (text) => {
    const { to } = JSON.parse(text) as { to: string };
    sessions.get(to)?.write(text);
  });
});

const http = createServer();
relay.installHandlers(http, { prefix: '/relay' });
http.listen(Number(process.env.PORT), '127.0.0.1');
