import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { type Endpoint, firstBytes, type Namespace } from './namespace.ts';

/** A way from a machine to a web site, for requests of `Road.fetch`. */
interface Way {
  /** Opens a connection on which requests to the site can be made. */
  readonly open: () => Promise<Duplex>;
  /** Proxies want to be told the whole URL. */
  readonly wholeUrls: boolean;
  readonly url: string;
}

interface Init {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly signal?: AbortSignal;
}

/** Straight to a site. */
export const straight = (from: Namespace, site: Endpoint): Road =>
  new Road({ open: () => from.connect(site), wholeUrls: false, url: urlOf('http', site) });

/** By a forward proxy, which reads the requests. */
export const byProxy = (from: Namespace, proxy: Endpoint, site: Endpoint): Road =>
  new Road({ open: () => from.connect(proxy), wholeUrls: true, url: urlOf('http', site) });

/** Through a tunnel of a forward proxy, which sees only TLS. */
export const byTunnel = (from: Namespace, proxy: Endpoint, site: Endpoint, certificate: string): Road =>
  new Road({
    async open() {
      const { socket, head } = await tunnel(from, proxy, site);
      if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the proxy refused: ${head}`);
      return connectTls({ socket, host: site.host, ca: certificate, ALPNProtocols: ['http/1.1'] });
    },
    wholeUrls: false,
    url: urlOf('https', site),
  });

const urlOf = (scheme: string, { host, port }: Endpoint): string => new URL(`${scheme}://${host}:${port}`).origin;

/** Asks a proxy for a tunnel. */
export async function tunnel(from: Namespace, proxy: Endpoint, { host, port }: Endpoint) {
  const socket = await from.connect(proxy);
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const head = await firstBytes(socket);
  return { socket, head: head.toString('latin1') };
}

export class Road {
  readonly url: string;
  readonly #way: Way;

  constructor(way: Way) {
    this.#way = way;
    this.url = way.url;
  }

  open(): Promise<Duplex> {
    return this.#way.open();
  }

  /** What stands in the request line for this path. */
  target(path: string): string {
    return this.#way.wholeUrls ? `${this.url}${path}` : path;
  }

  /** As the global `fetch`, from the machine at the beginning of the road. Every request has a connection of its own. */
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
