import { EventEmitter, once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { onCleanUp } from './clean-up.ts';
import { NO_IDLE_TIMEOUT } from './no-idle-timeout.ts';

const CHECK_EVERY_MS = 250;

interface Reply {
  readonly statusCode: number | undefined;
  readonly rawHeaders: string[];
  readonly bytes: Buffer;
}

/**
 * A plain round-robin load balancer without affinity. It probes the readiness of each server and sends nothing to
 * servers that are not ready. A request whose connection fails goes to the next server. Requests wait while no server
 * is ready, as on a busy machine.
 */
export class Balancer {
  readonly url: string;
  /** How many requests each server answered. */
  readonly answered = new Map<string, number>();
  readonly #ready = new Set<string>();
  readonly #changed = new EventEmitter();
  readonly #stop: AbortSignal;
  #turn = 0;

  private constructor(url: string, stop: AbortSignal) {
    this.url = url;
    this.#stop = stop;
  }

  static async start(...targets: readonly string[]): Promise<Balancer> {
    const server = createServer(NO_IDLE_TIMEOUT).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stop = new AbortController();
    const { port } = server.address() as AddressInfo;
    const balancer = new Balancer(`http://127.0.0.1:${port}`, stop.signal);
    balancer.#changed.setMaxListeners(0);
    server.on('request', (req, res) => void balancer.#relay(req, res));
    onCleanUp(() => {
      stop.abort();
      server.close();
      server.closeAllConnections();
    });
    await Promise.all(targets.map((target) => balancer.add(target)));
    return balancer;
  }

  /** Resolves after the first readiness probe of the server. */
  async add(target: string): Promise<void> {
    await this.#check(target);
    void this.#watch(target);
  }

  /** Resolves once the server has answered so many requests. */
  async untilAnswered(target: string, count: number): Promise<void> {
    while ((this.answered.get(target) ?? 0) < count) await once(this.#changed, 'answered');
  }

  async #watch(target: string): Promise<void> {
    while (!this.#stop.aborted) {
      await this.#check(target);
      await pause(CHECK_EVERY_MS);
    }
  }

  async #check(target: string): Promise<void> {
    const status = await fetch(`${target}/readyz`, { signal: this.#stop }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) this.#ready.add(target);
    else this.#ready.delete(target);
    this.#changed.emit('checked');
  }

  async #relay(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const hungUp = new AbortController();
    res.once('close', () => hungUp.abort());
    try {
      const body = await buffer(req);
      const { statusCode = 502, rawHeaders, bytes } = await this.#ask(req, body, hungUp.signal);
      res.writeHead(statusCode, rawHeaders).end(bytes);
    } catch {
      res.socket?.resetAndDestroy();
    }
  }

  async #ask(req: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<Reply> {
    for (;;) {
      const reply = await this.#askRound(req, body, signal);
      if (reply !== undefined) return reply;
      await once(this.#changed, 'checked', { signal });
    }
  }

  /** Undefined if no server accepted the request. */
  async #askRound(req: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<Reply | undefined> {
    for (const target of this.#round()) {
      const { method, headers, url } = req;
      const onward = request(new URL(url ?? '/', target), { method, headers, agent: false, signal });
      onward.end(body);
      try {
        const [reply] = (await once(onward, 'response')) as [IncomingMessage];
        this.answered.set(target, (this.answered.get(target) ?? 0) + 1);
        this.#changed.emit('answered');
        // The server may be about to stop; the next probe decides.
        if (reply.statusCode === 503) this.#ready.delete(target);
        return { statusCode: reply.statusCode, rawHeaders: reply.rawHeaders, bytes: await buffer(reply) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
        this.#ready.delete(target);
      }
    }
    return undefined;
  }

  #round(): string[] {
    const ready = [...this.#ready];
    const first = (this.#turn += 1) % Math.max(1, ready.length);
    return [...ready.slice(first), ...ready.slice(0, first)];
  }
}
