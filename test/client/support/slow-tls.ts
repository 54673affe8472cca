import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { onCleanUp } from '../../support/clean-up.ts';
import { makeCertificate } from '../../support/networks/certificate.ts';
import { NO_IDLE_TIMEOUT } from '../../support/no-idle-timeout.ts';

/** HTTP/1.1 over TLS in front of a service, at the end of a line that takes its time. */
export class SlowTls {
  readonly url: string;
  readonly #tls: Server;

  private constructor(url: string, tls: Server) {
    this.url = url;
    this.#tls = tls;
  }

  /** @param latencyMs each way */
  static async start(target: string, latencyMs: number): Promise<SlowTls> {
    const { certificatePath, keyPath } = makeCertificate(['127.0.0.1']);
    const files = { cert: readFileSync(certificatePath), key: readFileSync(keyPath) };
    const tls = createServer({ ...files, ...NO_IDLE_TIMEOUT }, (req, res) => {
      const { method, headers, url = '/' } = req;
      const onward = request(new URL(url, target), { method, headers, agent: false }, (reply) => {
        const { connection: _, 'keep-alive': __, ...rest } = reply.headers;
        res.writeHead(reply.statusCode ?? 0, rest);
        reply.pipe(res);
      });
      onward.on('error', () => res.destroy());
      res.on('close', () => onward.destroy());
      req.pipe(onward);
    }).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const { port: tlsPort } = tls.address() as AddressInfo;
    const sockets = new Set<Socket>();
    const line = createTcpServer((near) => {
      const far = connect(tlsPort, '127.0.0.1');
      sockets.add(near).add(far);
      delay(near, far, latencyMs);
      delay(far, near, latencyMs);
    }).listen(0, '127.0.0.1');
    await once(line, 'listening');
    onCleanUp(() => {
      line.close();
      tls.close();
      for (const socket of sockets) socket.destroy();
    });
    return new SlowTls(`https://127.0.0.1:${(line.address() as AddressInfo).port}`, tls);
  }

  /** Closes idle connections, as servers do after a while: the next request needs a new one. */
  closeIdle(): void {
    this.#tls.closeIdleConnections();
  }
}

function delay(from: Socket, to: Socket, latencyMs: number): void {
  from.on('data', (bytes) => setTimeout(() => to.destroyed || to.write(bytes), latencyMs));
  from.on('error', () => to.destroy());
  from.on('close', () => setTimeout(() => to.destroy(), latencyMs + 5));
}
