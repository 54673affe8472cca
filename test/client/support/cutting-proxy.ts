import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onCleanUp } from '../../support/clean-up.ts';

/** A proxy that resets every connection on which nothing has moved for `afterMs`, as many do to polls held too long. */
export async function cuttingProxy(target: string, afterMs: number): Promise<{ readonly url: string; cuts: number }> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        near.destroy();
        far.destroy();
      });
    }
    near.setTimeout(afterMs, () => {
      proxy.cuts += 1;
      near.resetAndDestroy();
    });
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const proxy = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cuts: 0 };
  return proxy;
}
