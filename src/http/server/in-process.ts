import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { JoinRequest, JoinResult, Problem, ProblemCode } from '../../wire/index.ts';
import type { Prepared } from './express-prototypes.ts';

export type { JoinResult } from '../../wire/index.ts';

/** The global `fetch`, as far as it is supported: redirects, caches and cookies have no meaning here. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** The body of `joinRoom`. A field that is `undefined` counts as omitted. */
export type JoinFields = { readonly [Name in keyof JoinRequest]?: JoinRequest[Name] | undefined };

/** The app. Not `App` itself: the package's types would then need those of packages that only the app uses. */
interface Served {
  readonly prepared: Prepared;
  readonly answer: (req: IncomingMessage, res: ServerResponse) => void;
}

/** A refused join, as the problem document that a request would have got. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
  readonly code: ProblemCode;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.code = problem.code as ProblemCode;
    this.problem = problem;
  }
}

/** How long a stopping service waits for requests in progress. */
const LINGER_MS = 1_000;

/** Answers requests of this process with the app that serves the network, without a network. */
export class InProcess {
  readonly #app: Served;
  readonly #trustedKey: string;
  readonly #open = new Set<MemoryConnection>();
  #isClosed = false;
  #onIdle = (): void => undefined;

  /** @param trustedKey an API key that only this process knows */
  constructor(app: Served, trustedKey: string) {
    this.#app = app;
    this.#trustedKey = trustedKey;
  }

  /** @throws TypeError for input that is not an http(s) URL, and when no response comes; the reason of the signal */
  readonly fetch: Fetch = async (input, init) => {
    const request = requestOf(input, init);
    const { method, headers, signal } = request;
    const { host, pathname, search } = new URL(request.url);
    headers.set('Host', host);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    return this.#exchange({ method, target: pathname + search, headers, body }, signal);
  };

  /** @throws JoinError */
  readonly join = async (roomId: string, fields: JoinFields = {}): Promise<JoinResult> => {
    const headers = new Headers({
      Host: 'in.process',
      Authorization: `Bearer ${this.#trustedKey}`,
      'Content-Type': 'application/json',
    });
    const target = `/v1/rooms/${encodeURIComponent(roomId)}/participants`;
    const body = Buffer.from(JSON.stringify(fields));
    const response = await this.#exchange({ method: 'POST', target, headers, body });
    // The service's own responses need no check.
    if (!response.ok) throw new JoinError((await response.json()) as Problem);
    return (await response.json()) as JoinResult;
  };

  /** Refuses further requests, and waits for those in progress. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      timer = setTimeout(resolve, LINGER_MS);
    });
    clearTimeout(timer);
    for (const connection of this.#open) connection.destroy();
  }

  async #exchange(sent: Sent, signal?: AbortSignal): Promise<Response> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw noResponse('the service is closed');
    return new Promise((resolve, reject) => {
      const connection = new MemoryConnection();
      const { IncomingMessage, ServerResponse } = this.#app.prepared;
      const req = fill(new IncomingMessage(connection.socket), sent);
      const res = new ServerResponse(req);
      const hangUp = (): void => {
        reject(reasonOf(signal));
        connection.destroy();
      };
      signal?.addEventListener('abort', hangUp);
      res.once('finish', () => {
        resolve(responseOf(res, Buffer.concat(connection.written)));
        connection.destroy();
      });
      connection.once('close', () => {
        signal?.removeEventListener('abort', hangUp);
        reject(noResponse('the service closed the connection'));
        this.#open.delete(connection);
        if (this.#open.size === 0) this.#onIdle();
      });
      this.#open.add(connection);
      res.assignSocket(connection.socket);
      this.#app.answer(req, res);
    });
  }
}

interface Sent {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Buffer | undefined;
}

/** The server's end of a connection to this process itself. Keeps what the server writes. */
class MemoryConnection extends Duplex {
  readonly written: Buffer[] = [];
  /** All requests of the process count as one client. */
  readonly remoteAddress = '127.0.0.1';

  /** Of a socket, Node's HTTP classes use the stream, and Express the address. */
  get socket(): Socket {
    return this as unknown as Socket;
  }

  override _read(): void {
    // The request is complete from the beginning.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

/** @throws TypeError */
function requestOf(input: string | URL | Request, init: RequestInit | undefined): Request {
  const url = typeof input === 'object' && 'url' in input ? input.url : String(input);
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return new Request(input, init);
  throw new TypeError(`holdline.fetch takes an http:// or https:// URL, not "${url.slice(0, 200)}"`);
}

/** Makes the message one that has arrived completely. */
function fill(req: IncomingMessage, { method, target, headers, body }: Sent): IncomingMessage {
  if (body !== undefined) headers.set('Content-Length', String(body.length));
  const given: IncomingHttpHeaders = Object.fromEntries(headers);
  Object.assign(req, { method, url: target, headers: given, rawHeaders: [...headers].flat(), complete: true });
  Object.assign(req, { httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 });
  if (body !== undefined) req.push(body);
  req.push(null);
  return req;
}

const HEAD_END = '\r\n\r\n';

/** The service's responses have a `Content-Length`, so that everything behind the head is the body. */
function responseOf({ statusCode: status, statusMessage: statusText }: ServerResponse, bytes: Buffer): Response {
  const headEnd = bytes.indexOf(HEAD_END);
  const [, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  const body = bytes.subarray(headEnd + HEAD_END.length);
  return new Response(body.length === 0 ? null : body, { status, statusText, headers });
}

// An AbortSignal may have any reason.
const reasonOf = (signal: AbortSignal | undefined): Error => signal?.reason as Error;

const noResponse = (why: string): TypeError => new TypeError('fetch failed', { cause: new Error(why) });
