import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the ephemeral ports (`net.ipv4.ip_local_port_range`, from 32768), which outgoing connections of other tests
 * may take at any moment.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** A free port, for TCP and UDP, for a third-party program. No other test process gets it while this one lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
}

/**
 * Binds an abstract Unix socket (unix(7)) named after the port, which one process can own and which ends with it.
 * Without it, another test process could choose the same port before the program listens.
 */
async function reserve(port: number): Promise<boolean> {
  const name = createServer().unref().listen(`\0holdline-test-port-${port}`);
  return isListening(name);
}

async function isFree(port: number): Promise<boolean> {
  const opened = [createServer().listen(port, '127.0.0.1'), createSocket('udp4').bind(port, '127.0.0.1')];
  const areListening = await Promise.all(opened.map(isListening));
  for (const [index, one] of opened.entries()) if (areListening[index] === true) one.close();
  return areListening.every(Boolean);
}

async function isListening(opened: Server | Socket): Promise<boolean> {
  try {
    await once(opened, 'listening');
    return true;
  } catch {
    return false;
  }
}
