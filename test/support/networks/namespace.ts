import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../server-process.ts';
import { Daemon } from './daemon.ts';

const DOOR = fileURLToPath(new URL('door-process.ts', import.meta.url));
/** Between two looks whether a program listens: most cannot say so by themselves. */
const LOOK_MS = 20;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * A machine in a network of its own: interfaces, addresses, routes and firewall that nobody else sees. It has no name that
 * another run could meet, and goes with its last process.
 */
export class Namespace {
  readonly #door: Daemon;
  readonly #doorPath: string;

  private constructor(door: Daemon, doorPath: string) {
    this.#door = door;
    this.#doorPath = doorPath;
  }

  static async create(): Promise<Namespace> {
    const doorPath = join(temporaryDirectory(), 'door');
    const door = new Daemon(['unshare', '--net', process.execPath, DOOR, doorPath]);
    await door.said(/^open$/m);
    const namespace = new Namespace(door, doorPath);
    namespace.run('ip', 'link', 'set', 'lo', 'up');
    return namespace;
  }

  /** The words that put a command inside. */
  get entrance(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#door.pid}/ns/net`, '--'];
  }

  /** Runs a command to its end, and returns what it said. @throws when it fails */
  run(...command: string[]): string {
    const [program = '', ...args] = [...this.entrance, ...command];
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  start(command: readonly string[], env?: NodeJS.ProcessEnv): Daemon {
    return new Daemon([...this.entrance, ...command], env);
  }

  /** A cable between two machines, with an address (such as 10.0.0.1/24) at each end. */
  cable(address: string, other: Namespace, otherAddress: string): void {
    const [own, far] = [linkOf(address), linkOf(otherAddress)];
    this.run('ip', 'link', 'add', own, 'type', 'veth', 'peer', 'name', far, 'netns', String(other.#door.pid));
    this.#configure(own, address);
    other.#configure(far, otherAddress);
  }

  /** A further address on the cable that has the first one. */
  addAddress(address: string, first: string): void {
    this.run('ip', 'address', 'add', address, 'dev', linkOf(first));
  }

  /** A connection from inside to an address. @throws the code of the error, such as ECONNREFUSED, in its message */
  async connect({ host, port }: Endpoint): Promise<Socket> {
    const socket = connect(this.#doorPath);
    socket.write(`${host} ${port}\n`);
    const chunk = await firstBytes(socket);
    const end = chunk.indexOf('\n');
    const code = chunk.toString('latin1', 0, end);
    if (code !== '') throw new Error(`${code} ${host}:${port}`);
    socket.unshift(chunk.subarray(end + 1));
    return socket;
  }

  /** Resolves once the program, here or elsewhere, can be reached from inside. @throws what it said, when it ends before that */
  async reaches(endpoint: Endpoint, program: Daemon): Promise<void> {
    while (!(await this.#canReach(endpoint))) await Promise.race([sleep(LOOK_MS), program.broken]);
  }

  async #canReach(endpoint: Endpoint): Promise<boolean> {
    try {
      (await this.connect(endpoint)).destroy();
      return true;
    } catch {
      return false;
    }
  }

  #configure(link: string, address: string): void {
    this.run('ip', 'address', 'add', address, 'dev', link);
    this.run('ip', 'link', 'set', link, 'up');
  }
}

/** Leaves the stream as it was: what comes later is for whoever reads next. */
export async function firstBytes(stream: Readable): Promise<Buffer> {
  await once(stream, 'readable');
  return (stream.read() as Buffer | null) ?? Buffer.alloc(0);
}

/** A link is named after its address, so that a trace of its traffic can be read. At most 15 characters. */
const linkOf = (address: string): string => `v${address.split('/')[0] ?? ''}`;
