import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, type Ended, startServer } from './command.ts';
import { onCleanUp } from './clean-up.ts';
import type { Member } from './member.ts';

interface Options {
  /** Settings. The defaults here are a database in memory and a free port of this machine. */
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

/** The real server as a separate process, which clean-up kills. */
export class ServerProcess {
  readonly url: string;
  readonly command: Command;

  private constructor(url: string, command: Command) {
    this.url = url;
    this.command = command;
  }

  static async start(options: Options = {}): Promise<ServerProcess> {
    const { command, url } = await startServer(options);
    const server = new ServerProcess(url, command);
    onCleanUp(() => server.kill());
    return server;
  }

  get pid(): number {
    return this.command.pid;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.command.signal('SIGKILL');
    await this.command.ended;
  }

  /** SIGTERM: drains and stops. */
  stop(): Promise<Ended> {
    this.command.signal('SIGTERM');
    return this.command.ended;
  }
}

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdline-'));
  onCleanUp(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const temporaryDatabase = (): string => `sqlite:${join(temporaryDirectory(), 'holdline.db')}`;

/** Resolves once the server holds a poll of the member. Asks repeatedly, because another process cannot notify. */
export async function untilListening(member: Member): Promise<void> {
  for (;;) {
    const own = (await member.roster()).find(({ participantId }) => participantId === member.id);
    if (own?.listening === true) return;
  }
}
