import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { onCleanUp } from '../clean-up.ts';
import { WAIT_TIMEOUT_MS } from '../wait-timeout.ts';

/** A program that runs until the test ends. The kernel kills it if the test process is killed. */
export class Daemon {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #changed = new EventEmitter();
  #output = '';

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    // Each program of the chain replaces the one before, so this is the process id of the last one.
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close');
    this.pid = this.#child.pid ?? 0;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#changed.emit('output');
      });
    }
    onCleanUp(() => this.end());
  }

  /** The output so far, of both streams. */
  get output(): string {
    return this.#output;
  }

  /** Rejects with the output once the program has ended. */
  get failed(): Promise<never> {
    return this.#ended.then(() => this.#fail('it ended'));
  }

  /** Resolves once the output matches. @throws the output, when the program ends before that or takes too long */
  async untilPrinted(words: RegExp): Promise<void> {
    const late = sleep(WAIT_TIMEOUT_MS, undefined, { ref: false }).then(() => this.#fail(`no ${String(words)}`));
    late.catch(() => undefined);
    while (!words.test(this.#output)) await Promise.race([once(this.#changed, 'output'), late, this.failed]);
  }

  #fail(what: string): never {
    throw new Error(`${what}; its output:\n${this.#output}`);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
