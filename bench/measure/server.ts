import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Program } from '../../test/support/command.ts';
import { freePort } from '../../test/support/free-port.ts';
import type { System } from '../systems/system.ts';
import { SERVER_CORE, pinned } from './machine.ts';

const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 3_000;
const MAX_ERROR_CHARACTERS = 2_000;

/** A server under test: a process of its own on a core of its own. */
export class BenchServer {
  readonly port: number;
  readonly #program: Program;
  #isStopping = false;

  private constructor(port: number, program: Program) {
    this.port = port;
    this.#program = program;
    void program.ended.then(({ code }) => {
      if (!this.#isStopping) console.error(`the server ended unexpectedly with ${code ?? 'a signal'}: ${this.#errors}`);
    });
  }

  static async start(system: System, directory: string): Promise<BenchServer> {
    const port = await freePort();
    const { command, env } = system.serve(port, directory);
    const program = new Program(pinned(SERVER_CORE, command), { env: { ...process.env, ...env }, readsOutput: false });
    const server = new BenchServer(port, program);
    try {
      await server.#untilListening();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number {
    return this.#program.pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#program.stop(STOP_DEADLINE_MS);
  }

  get #errors(): string {
    return this.#program.stderr.slice(-MAX_ERROR_CHARACTERS);
  }

  async #untilListening(): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    while (!(await accepts(this.port))) {
      if (this.#program.hasEnded || performance.now() > deadline)
        throw new Error(`the server did not start: ${this.#errors}`);
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
