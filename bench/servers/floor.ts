/** The floor: a long-polling relay on bare `node:http` that stores nothing and checks next to nothing. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Mailboxes } from './mailboxes.ts';

const mailboxes = new Mailboxes();

function reply(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
}

function readJson(req: IncomingMessage, use: (body: { to: string }) => void): void {
  let text = '';
  req.setEncoding('utf8');
  req.on('data', (chunk: string) => (text += chunk));
  req.on('end', () => use(JSON.parse(text) as { to: string }));
}

function poll(id: string, res: ServerResponse): void {
  const forget = mailboxes.poll(id, (messages) =>
    messages === undefined ? reply(res, 410, {}) : reply(res, 200, { messages }),
  );
  res.on('close', forget);
}

function send(req: IncomingMessage, res: ServerResponse): void {
  readJson(req, (body) => (mailboxes.deliver(body.to, body) ? reply(res, 201, {}) : reply(res, 404, {})));
}

const server = createServer((req, res) => {
  const { method, url = '' } = req;
  if (method === 'GET') poll(url.slice('/participants/'.length), res);
  else if (method === 'POST' && url === '/messages') send(req, res);
  else if (method === 'POST') reply(res, 201, { id: mailboxes.open() });
  else {
    mailboxes.close(url.slice('/participants/'.length));
    res.writeHead(204).end();
  }
});

server.listen(Number(process.env.PORT), '127.0.0.1');
