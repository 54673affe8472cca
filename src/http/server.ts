import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import type { App } from './app.ts';
import { API_POLICY, type HeaderList } from './headers.ts';
import { closeWithConnection } from './pipelined.ts';
import { problemReply } from './problem.ts';
import { invalidRequest } from './request-problem.ts';

/** Longer than the 60 s after which common proxies drop idle connections: the side that reuses must not be the one surprised. */
const KEEP_ALIVE_MS = 75_000;
/** Slow headers and slow bodies (slowloris) hold a connection no longer than this. Neither cuts a held reply. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 15_000;
/** For the answer to what the parser could not read to arrive, before the connection is cut. */
const LINGER_MS = 2_000;

/** @param onRequest told of every request before anything else happens to it */
export function createHttpServer(
  { prepared, answer, refuse, withoutRequest }: App,
  onRequest: (res: ServerResponse) => void,
): Server {
  const server = createServer(
    {
      ...prepared,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 2_000,
      // Node would refuse such a request with a bare, chunked answer.
      requireHostHeader: false,
      // A poll has no body, and needs no stream for it: some 2 % less CPU time per message (Node 24; unknown to older ones).
      optimizeEmptyRequests: true,
    },
    (req, res) => {
      onRequest(res);
      closeWithConnection(req, res);
      if (req.headers.host === undefined && req.httpVersion === '1.1') refuseHostless(req, res, refuse);
      else answer(req, res);
    },
  );
  // An expectation that nobody knows may be ignored (RFC 9110, section 10.1.1); Node would answer it likewise.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else answerUnreadable(error, socket, withoutRequest);
  });
  return server;
}

/** RFC 9112, section 3.2. */
function refuseHostless(req: IncomingMessage, res: ServerResponse, refuse: App['refuse']): void {
  res.shouldKeepAlive = false;
  refuse(req, res, invalidRequest([{ pointer: '/header/Host', detail: 'is required' }]));
}

const UNREADABLE: Record<string, { status: number; detail: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request did not arrive in time' },
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'the headers are too large' },
};

/** What the parser cannot read never becomes a request, but is answered in the same form as all else. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex, withoutRequest: HeaderList): void {
  const { status, detail } = UNREADABLE[error.code ?? ''] ?? { status: 400, detail: 'this is not HTTP/1.1' };
  const requestId = randomUUID();
  const problem = problemReply(invalidRequest([{ pointer: '/header', detail }]), { basePath: '', requestId });
  const body = JSON.stringify({ ...(JSON.parse(String(problem.body ?? '{}')) as object), status });
  const headers = [
    ...withoutRequest,
    ...['Content-Security-Policy', API_POLICY],
    ...[
      'X-Request-Id',
      requestId,
      'Content-Type',
      problem.mediaType ?? '',
      'Content-Length',
      String(Buffer.byteLength(body)),
    ],
    ...['Connection', 'close'],
  ];
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : []));
  // Node has taken the connection off its list of those that may expire; the other side may never hang up.
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
