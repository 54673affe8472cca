import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import type { App } from '../app.ts';
import { API_POLICY, type HeaderList } from '../response/headers.ts';
import { PipelinedConnection, type Handling } from './pipelining.ts';
import { cutLater, serveUpgrade } from './upgrade.ts';
import { asksForWebSocket, isSocketPath } from '../request/upgrade.ts';
import { problemReply } from '../response/problem.ts';
import { invalidRequest, noTunnel, type RequestProblem } from '../response/request-problem.ts';

/** Time limits for slow headers and slow bodies (slowloris). Neither cuts a held response. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 15_000;

/** Counts requests while they are open. */
export type Counting = Pick<Handling, 'onOpen' | 'onClose'>;

/**
 * @param keepAliveMs how long an idle connection stays open; longer than in a proxy, so that the proxy closes it first
 */
export function createHttpServer(
  { prepared, answer, refuse, withoutRequest, hasSocket }: App,
  keepAliveMs: number,
  counting: Counting,
): Server {
  const connections = new WeakMap<Duplex, PipelinedConnection>();
  const handling: Handling = {
    ...counting,
    handle: (req, res) => {
      const fault = faultOfFraming(req);
      if (fault === undefined) answer(req, res);
      else {
        // The bytes that follow may be the body of this request or the next request, so they are not read.
        connections.get(req.socket)?.detach();
        res.shouldKeepAlive = false;
        refuse(req, res, fault);
      }
    },
  };
  const server = createServer(
    {
      ...prepared,
      keepAliveTimeout: keepAliveMs,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 2_000,
      // Node would refuse such a request with a bare, chunked response.
      requireHostHeader: false,
      // perf: about 2 % less CPU time per message, since a GET needs no stream for its body. Node before 24 ignores it.
      optimizeEmptyRequests: true,
      shouldUpgradeCallback: (req) => hasSocket && asksForWebSocket(req) && isSocketPath(req),
    },
    (req, res) => connections.get(req.socket)?.take(req, res),
  );
  server.on('connection', (socket: Socket) => void connections.set(socket, new PipelinedConnection(socket, handling)));
  // An unknown expectation may be ignored (RFC 9110, section 10.1.1).
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  server.on('connect', (_req, socket) => {
    const pipeline = connections.get(socket);
    pipeline?.detach();
    // Pending responses would have to come first, but Node no longer tracks them.
    if (pipeline?.isIdle === true) answerByHand(socket, noTunnel(), withoutRequest);
    else socket.destroy();
  });
  server.on('upgrade', (req, socket, head) => {
    const rest = connections.get(socket)?.release();
    if (rest === undefined) {
      socket.destroy();
      return;
    }
    handling.onOpen();
    serveUpgrade(req, socket, Buffer.concat([head, rest]), {
      createResponse: (request) => new prepared.ServerResponse(request),
      answer: handling.handle,
      onAnswered: handling.onClose,
    });
  });
  server.on('clientError', (error: ParserError, socket) => {
    const pipeline = connections.get(socket);
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (pipeline?.isDetached !== true) {
      pipeline?.detach();
      answerByHand(socket, unreadable(error), withoutRequest);
    }
  });
  return server;
}

type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** Finds framing that the parser accepts although it allows request smuggling: RFC 9112, sections 3.2, 6.1 and 6.3. */
function faultOfFraming(req: IncomingMessage): RequestProblem | undefined {
  const { headers, httpVersion } = req;
  if (headers.host === undefined && httpVersion === '1.1') return HOST_MISSING;
  if (hasTwoHosts(req)) return HOST_TWICE;
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (httpVersion === '1.0') return CODING_IN_1_0;
  return coding.toLowerCase() === 'chunked' ? undefined : UNKNOWN_CODING;
}

function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}

/** The parser's own errors, as problem+json with statuses of their own. */
const refusal = (status: number, pointer: string, detail: string): RequestProblem =>
  invalidRequest([{ pointer, detail }], status);

const CODING = '/header/Transfer-Encoding';
const HOST_MISSING = refusal(400, '/header/Host', 'is required');
const HOST_TWICE = refusal(400, '/header/Host', 'must be given once');
const UNKNOWN_CODING = refusal(501, CODING, 'must be chunked; the server supports no other transfer coding');
const CODING_IN_1_0 = refusal(400, CODING, 'does not exist in HTTP/1.0; send a Content-Length');
const NOT_HTTP = refusal(400, '/header', 'this is not HTTP/1.1');

function unreadable({ code, message, rawPacket }: ParserError): RequestProblem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal(408, '/header', 'the request did not arrive in time');
    case 'HPE_HEADER_OVERFLOW':
      return refusal(431, '/header', 'the headers are too large');
    case 'HPE_INVALID_TRANSFER_ENCODING':
      if (message.includes('Content-Length') || message.includes('Empty')) return NOT_HTTP;
      return rawPacket?.includes(' HTTP/1.0\r\n') === true ? CODING_IN_1_0 : UNKNOWN_CODING;
    default:
      return NOT_HTTP;
  }
}

/** Answers bytes that never became a request, as problem+json, and ends the connection. */
function answerByHand(socket: Duplex, problem: RequestProblem, withoutRequest: HeaderList): void {
  const requestId = randomUUID();
  const { status, mediaType = '', headers: own = [], body = '' } = problemReply(problem, { basePath: '', requestId });
  const headers = [
    ...withoutRequest,
    ...['Content-Security-Policy', API_POLICY],
    ...['X-Request-Id', requestId, 'Content-Type', mediaType, 'Content-Length', String(Buffer.byteLength(body))],
    ...own,
    ...['Connection', 'close'],
  ];
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : []));
  cutLater(socket);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${String(body)}`);
}
