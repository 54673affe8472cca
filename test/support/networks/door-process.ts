import { connect, createServer, type Socket } from 'node:net';

/**
 * The process that holds a network namespace, and its door: whoever connects to the socket file names an address on the first
 * line, is answered with an empty line or with an error code, and from then on talks to that address from inside. Files know
 * no network namespaces, so that a test outside can use it.
 */
const [, , socketPath] = process.argv;

function pass(near: Socket, line: string): void {
  const [host = '', port] = line.split(' ');
  const far = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
  far.once('connect', () => {
    near.write('\n');
    near.pipe(far).pipe(near);
  });
  far.on('error', (error: NodeJS.ErrnoException) => near.end(`${String(error.code)}\n`));
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
