import { connect, createServer, type Socket } from 'node:net';
import process from 'node:process';

/**
 * TCP proxies in front of one server, each with its own treatment of the connections that the server upgrades. All
 * others pass. Arguments: host and port of the server, then host, port and treatment of each proxy.
 */
const [, , host = '', port = '', ...proxies] = process.argv;

/** Age of an upgraded connection at which `kill` resets it. */
const KILLED_AFTER_MS = 300;

const upgraded = new Set<() => void>();

/** `pass`: until SIGUSR2, which resets them. `kill`: for a moment. `mute`: nothing but the 101 itself. */
function forward(near: Socket, treatment: string): void {
  const far = connect({ host, port: Number(port), noDelay: true });
  let isMute = false;
  const reset = (): void => {
    near.resetAndDestroy();
    far.resetAndDestroy();
  };
  near.on('data', (bytes) => !isMute && far.write(bytes));
  far.on('data', (bytes: Buffer) => {
    if (isMute) return;
    const isUpgrade = bytes.toString('latin1', 0, 12) === 'HTTP/1.1 101';
    isMute = isUpgrade && treatment === 'mute';
    near.write(isMute ? bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4) : bytes);
    if (!isUpgrade) return;
    if (treatment === 'kill') setTimeout(reset, KILLED_AFTER_MS);
    upgraded.add(reset);
  });
  near
    .on('error', () => undefined)
    .on('close', () => {
      upgraded.delete(reset);
      far.destroy();
    });
  far.on('error', () => undefined).on('close', () => !isMute && near.destroySoon());
}

process.on('SIGUSR2', () => {
  for (const reset of upgraded) reset();
  process.stdout.write('reset\n');
});

for (let index = 0; index < proxies.length; index += 3) {
  const [at, ownPort, treatment = ''] = proxies.slice(index, index + 3);
  createServer({ noDelay: true }, (near) => forward(near, treatment)).listen(Number(ownPort), at, () => {
    process.stdout.write(`listening at ${at}\n`);
  });
}
