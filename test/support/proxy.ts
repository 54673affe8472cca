import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onCleanUp } from './clean-up.ts';
import { NO_IDLE_TIMEOUT } from './no-idle-timeout.ts';

export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** 1 for the first request through this proxy. */
  readonly number: number;
}

export interface Replied extends Exchange {
  readonly status: number;
}

/**
 * How the proxy treats a reply: `pass` forwards it; `drop` resets the client's connection before the first byte; `cut`
 * resets it in the middle of the body.
 */
export type Verdict = 'pass' | 'drop' | 'cut';

interface Faults {
  /** Called before a request is forwarded, which waits for the returned promise. */
  onRequest?: (exchange: Exchange) => void | Promise<void>;
  /** Time after which the proxy aborts a request and resets the client's connection. */
  timeoutMs?: (exchange: Exchange, body: string) => number | undefined;
  /** Called with every reply, which waits for the returned promise. */
  onReply?: (replied: Replied) => Verdict | Promise<Verdict>;
}

interface Reply {
  readonly status: number;
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

/** The maximum delay of a timer. */
const NEVER_MS = 2 ** 31 - 1;

/** A proxy between clients and a server that injects faults. It outlives the servers behind it. */
export class Proxy {
  readonly url: string;
  faults: Faults;
  #target: string | undefined;
  #count = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(url: string, target: string, faults: Faults) {
    this.url = url;
    this.#target = target;
    this.faults = faults;
  }

  static async start(target: string, faults: Faults = {}): Promise<Proxy> {
    const server = createServer(NO_IDLE_TIMEOUT).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onCleanUp(() => close(server));
    const { port } = server.address() as AddressInfo;
    const proxy = new Proxy(`http://127.0.0.1:${port}`, target, faults);
    server.on('request', (req, res) => void proxy.#relay(req, res));
    return proxy;
  }

  /** While there is no server, requests wait for the next one. */
  set target(url: string | undefined) {
    this.#target = url;
    if (url !== undefined) for (const go of this.#waiting.splice(0)) go();
  }

  async #relay(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const exchange = { method: req.method ?? '', path: req.url ?? '', number: (this.#count += 1) };
    const hungUp = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    res.once('close', () => {
      clearTimeout(timer);
      hungUp.abort();
    });
    try {
      const body = await buffer(req);
      timer = setTimeout(() => hungUp.abort(), this.faults.timeoutMs?.(exchange, body.toString()) ?? NEVER_MS);
      await this.faults.onRequest?.(exchange);
      const reply = await forward(await this.#server(), req, body, hungUp.signal);
      const verdict = (await this.faults.onReply?.({ ...exchange, status: reply.status })) ?? 'pass';
      deliver(res, reply, verdict);
    } catch {
      // The server died or the client hung up: the other side sees a lost connection.
      res.socket?.resetAndDestroy();
    }
  }

  async #server(): Promise<string> {
    while (this.#target === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#target;
  }
}

async function forward(target: string, req: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<Reply> {
  const { method, headers, url } = req;
  const onward = request(new URL(url ?? '/', target), { method, headers, agent: false, signal });
  onward.end(body);
  const [reply] = (await once(onward, 'response')) as [IncomingMessage];
  return { status: reply.statusCode ?? 0, rawHeaders: reply.rawHeaders, body: await buffer(reply) };
}

function deliver(res: ServerResponse, { status, rawHeaders, body }: Reply, verdict: Verdict): void {
  if (verdict === 'drop') {
    res.socket?.resetAndDestroy();
    return;
  }
  res.writeHead(status, rawHeaders);
  if (verdict === 'pass') res.end(body);
  else res.write(body.subarray(0, body.length / 2), () => res.socket?.resetAndDestroy());
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}
