import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../server-process.ts';
import { Daemon } from './daemon.ts';

const FORWARDER = fileURLToPath(new URL('forwarder-process.ts', import.meta.url));
/** Interval between two checks whether a program listens; most programs cannot report it. */
const CHECK_MS = 20;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * A machine as a network namespace, with its own interfaces, addresses, routes and firewall. It has no name that could
 * collide with another run, and ends with its last process.
 */
export class Namespace {
  readonly #forwarder: Daemon;
  readonly #socketPath: string;

  private constructor(forwarder: Daemon, socketPath: string) {
    this.#forwarder = forwarder;
    this.#socketPath = socketPath;
  }

  static async create(): Promise<Namespace> {
    const socketPath = join(temporaryDirectory(), 'forwarder');
    const forwarder = new Daemon(['unshare', '--net', process.execPath, FORWARDER, socketPath]);
    await forwarder.untilPrinted(/^open$/m);
    const namespace = new Namespace(forwarder, socketPath);
    namespace.run('ip', 'link', 'set', 'lo', 'up');
    return namespace;
  }

  /** The command prefix that runs a command in the namespace. */
  get prefix(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#forwarder.pid}/ns/net`, '--'];
  }

  /** Runs a command and returns its output. @throws when it fails */
  run(...command: string[]): string {
    const [program = '', ...args] = [...this.prefix, ...command];
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  start(command: readonly string[], env?: NodeJS.ProcessEnv): Daemon {
    return new Daemon([...this.prefix, ...command], env);
  }

  /** Connects two machines, with an address (such as 10.0.0.1/24) at each end. */
  connectTo(address: string, other: Namespace, otherAddress: string): void {
    const [own, far] = [linkOf(address), linkOf(otherAddress)];
    this.run('ip', 'link', 'add', own, 'type', 'veth', 'peer', 'name', far, 'netns', String(other.#forwarder.pid));
    this.#configure(own, address);
    other.#configure(far, otherAddress);
  }

  /** Adds an address to the interface that has the first one. */
  addAddress(address: string, first: string): void {
    this.run('ip', 'address', 'add', address, 'dev', linkOf(first));
  }

  /**
   * Opens a connection from inside to an address. @throws an error whose message contains the code, such as
   * ECONNREFUSED
   */
  async connect({ host, port }: Endpoint): Promise<Socket> {
    const socket = connect(this.#socketPath);
    socket.write(`${host} ${port}\n`);
    const chunk = await firstBytes(socket);
    const end = chunk.indexOf('\n');
    const code = chunk.toString('latin1', 0, end);
    if (code !== '') throw new Error(`${code} ${host}:${port}`);
    socket.unshift(chunk.subarray(end + 1));
    return socket;
  }

  /** Resolves once the program can be reached from inside. @throws its output, when it ends before that */
  async reaches(endpoint: Endpoint, program: Daemon): Promise<void> {
    while (!(await this.#canReach(endpoint))) await Promise.race([sleep(CHECK_MS), program.failed]);
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

/** Reads the first chunk and leaves the rest of the stream to the next reader. */
export async function firstBytes(stream: Readable): Promise<Buffer> {
  await once(stream, 'readable');
  return (stream.read() as Buffer | null) ?? Buffer.alloc(0);
}

/** Links are named after their address, which makes packet captures readable. At most 15 characters. */
const linkOf = (address: string): string => `v${address.split('/')[0] ?? ''}`;
