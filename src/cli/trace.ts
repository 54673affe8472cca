import type { Command } from 'commander';
import type { Settings } from '../settings/settings.ts';
import { CommandError } from './errors.ts';
import { reachable } from './greeting.ts';

const TIMEOUT_MS = 5_000;

/** `holdline trace ROOM`: prints recent events of a room, which it requests from the running server. */
export function addTrace(program: Command, settings: () => Settings): void {
  program
    .command('trace <ROOM>')
    .summary('Shows recent events of a room; the server needs ADMIN_PORT.')
    .description(
      'Shows recent events of a room. Asks the server on HOST and ADMIN_PORT, or --host and --admin-port, which must be the same as for the server.',
    )
    .action(async (room: string) => void process.stdout.write(await trace(settings(), room)));
}

async function trace({ host, adminPort }: Settings, room: string): Promise<string> {
  if (adminPort === undefined || adminPort === 0) {
    throw new CommandError('traces are on ADMIN_PORT only: start the server with one, and give the same one here');
  }
  const url = `${reachable(host, adminPort)}/trace/${encodeURIComponent(room)}`;
  const response = await get(url);
  const text = await response.text();
  if (response.ok) return text;
  throw new CommandError(detailOf(text) ?? `${url} answered ${response.status}`);
}

async function get(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new CommandError(`no server answers at ${new URL(url).host}`, { cause: error });
  }
}

/** The `detail` of a problem document. */
function detailOf(text: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null && 'detail' in problem ? String(problem.detail) : undefined;
  } catch {
    return undefined;
  }
}
