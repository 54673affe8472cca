import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import type { System } from '../systems/system.ts';
import { SERVER_CORE, pinned } from './cores.ts';

const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 3_000;
/** Enough of what a server complained about to see why a run failed. */
const MAX_COMPLAINT_CHARACTERS = 2_000;

/** A server under test, in a process of its own on a core of its own. */
export class RunningServer {
  readonly port: number;
  readonly #child: ChildProcess;
  #complaint = '';
  #isStopping = false;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    child.stderr?.on('data', (text: Buffer) => {
      this.#complaint = (this.#complaint + text.toString()).slice(-MAX_COMPLAINT_CHARACTERS);
    });
    child.on('exit', (code) => {
      if (!this.#isStopping) console.error(`the server ended by itself with ${code ?? 'a signal'}: ${this.#complaint}`);
    });
  }

  static async start(system: System, directory: string): Promise<RunningServer> {
    const port = await freePort();
    const { command, env } = system.serve(port, directory);
    const [file = '', ...args] = pinned(SERVER_CORE, command);
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    const server = new RunningServer(port, child);
    try {
      await server.#untilListening();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the server did not start');
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#hasEnded()) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await Promise.race([ended, delay(STOP_DEADLINE_MS, undefined, { ref: false })]);
    if (!this.#hasEnded()) this.#child.kill('SIGKILL');
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #untilListening(): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    while (!(await accepts(this.port))) {
      if (this.#hasEnded() || performance.now() > deadline)
        throw new Error(`the server did not start: ${this.#complaint}`);
      await delay(20);
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
