import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { type Endpoint, firstBytes, type Namespace } from './namespace.ts';

/** How an `HttpRoute` reaches its site. */
interface RouteOptions {
  /** Opens a connection on which requests to the site can be made. */
  readonly open: () => Promise<Duplex>;
  /** Request lines contain the whole URL, as forward proxies require. */
  readonly wholeUrls: boolean;
  readonly url: string;
}

interface Init {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly signal?: AbortSignal;
}

/** Directly to a site. */
export const direct = (from: Namespace, site: Endpoint): HttpRoute =>
  new HttpRoute({ open: () => from.connect(site), wholeUrls: false, url: urlOf('http', site) });

/** Through a forward proxy, which reads the requests. */
export const viaProxy = (from: Namespace, proxy: Endpoint, site: Endpoint): HttpRoute =>
  new HttpRoute({ open: () => from.connect(proxy), wholeUrls: true, url: urlOf('http', site) });

/** Through a tunnel of a forward proxy, which sees only TLS. */
export const viaTunnel = (from: Namespace, proxy: Endpoint, site: Endpoint, certificate: string): HttpRoute =>
  new HttpRoute({
    async open() {
      const { socket, head } = await tunnel(from, proxy, site);
      if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the proxy refused: ${head}`);
      return connectTls({ socket, host: site.host, ca: certificate, ALPNProtocols: ['http/1.1'] });
    },
    wholeUrls: false,
    url: urlOf('https', site),
  });

const urlOf = (scheme: string, { host, port }: Endpoint): string => new URL(`${scheme}://${host}:${port}`).origin;

/** Requests a tunnel from a proxy. */
export async function tunnel(from: Namespace, proxy: Endpoint, { host, port }: Endpoint) {
  const socket = await from.connect(proxy);
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const head = await firstBytes(socket);
  return { socket, head: head.toString('latin1') };
}

/** A way from a machine to a web site. */
export class HttpRoute {
  readonly url: string;
  readonly #options: RouteOptions;

  constructor(options: RouteOptions) {
    this.#options = options;
    this.url = options.url;
  }

  open(): Promise<Duplex> {
    return this.#options.open();
  }

  /** The request target for this path. */
  target(path: string): string {
    return this.#options.wholeUrls ? `${this.url}${path}` : path;
  }

  /**
   * Works like the global `fetch`, from the machine at the start of the route. Every request opens its own connection.
   */
  readonly fetch = async (url: string, { method, headers, body = null, signal }: Init = {}): Promise<Response> => {
    const connection = await this.open();
    const { host, pathname, search } = new URL(url);
    const req = request({
      createConnection: () => connection,
      path: this.target(pathname + search),
      ...(method !== undefined && { method }),
      ...(signal && { signal }),
      headers: { Host: host, ...(body !== null && { 'Content-Length': Buffer.byteLength(body) }), ...headers },
    });
    req.end(body);
    const [reply] = (await once(req, 'response')) as [IncomingMessage];
    const whole = await text(reply);
    const { statusCode: status = 0, headersDistinct } = reply;
    const pairs = Object.entries(headersDistinct).map(([name, values = []]): [string, string] => [
      name,
      values.join(', '),
    ]);
    return new Response(status === 204 ? null : whole, { status, headers: pairs });
  };
}
