import { connect, createServer, type Socket } from 'node:net';

/**
 * Keeps a network namespace alive and forwards connections into it. A client of the socket file sends an address as the
 * first line, receives an empty line or an error code, and is then connected to that address from inside the namespace.
 * Socket files are not bound to a namespace, so a test outside can use it.
 */
const [, , socketPath] = process.argv;

function pass(near: Socket, line: string): void {
  const [host = '', port] = line.split(' ');
  const far = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
  far.once('error', (error: NodeJS.ErrnoException) => near.end(`${String(error.code)}\n`));
  far.once('connect', () => {
    far.removeAllListeners('error').on('error', () => near.destroy());
    near.write('\n');
    near.pipe(far).pipe(near);
  });
  far.on('close', () => near.destroySoon());
  near.on('error', () => far.destroy());
  near.on('close', () => far.destroy());
}

createServer({ allowHalfOpen: true }, (near) => {
  near.once('data', (chunk: Buffer) => {
    const end = chunk.indexOf('\n');
    near.pause();
    near.unshift(chunk.subarray(end + 1));
    pass(near, chunk.toString('latin1', 0, end));
  });
}).listen(socketPath, () => process.stdout.write('open\n'));
