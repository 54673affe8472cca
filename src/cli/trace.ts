import type { Settings } from '../settings/settings.ts';
import { reachable } from './addresses.ts';
import { CommandError } from './command-error.ts';

const PATIENCE_MS = 5_000;

/** Asks the server of the settings what happened in a room lately. @returns what to tell */
export async function trace({ host, adminPort }: Settings, room: string): Promise<string> {
  if (adminPort === undefined || adminPort === 0) {
    throw new CommandError('traces are on ADMIN_PORT only: start the server with one, and name the same here');
  }
  const url = `${reachable(host, adminPort)}/trace/${encodeURIComponent(room)}`;
  const answer = await ask(url);
  const text = await answer.text();
  if (answer.ok) return text;
  throw new CommandError(detailOf(text) ?? `${url} answered ${answer.status}`);
}

async function ask(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new CommandError(`no server answers at ${new URL(url).host}`, { cause: error });
  }
}

function detailOf(text: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null && 'detail' in problem ? String(problem.detail) : undefined;
  } catch {
    return undefined;
  }
}
