import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { onCleanUp } from '../clean-up.ts';

/** A program that runs until the test ends. The kernel kills it should the test itself be killed. */
export class Daemon {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #changed = new EventEmitter();
  #output = '';

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    // Each program of the chain replaces the one before: the process id is that of the last.
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

  /** All that it has written, to both streams. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the match once it has said so. @throws when it ends before that */
  async said(words: RegExp): Promise<RegExpExecArray> {
    const over = this.#ended.then(() => 'ended');
    for (;;) {
      const match = words.exec(this.#output);
      if (match !== null) return match;
      const event: unknown = await Promise.race([once(this.#changed, 'output'), over]);
      if (event === 'ended' && !words.test(this.#output)) {
        throw new Error(`ended without ${String(words)}:\n${this.#output}`);
      }
    }
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
