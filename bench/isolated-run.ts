import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { GENERATOR_CORE, pinned } from './measure/machine.ts';

/** A longer run is stuck: storing a million messages takes longest. */
const RUN_DEADLINE_MS = 10 * 60_000;
const MAX_ERROR_CHARACTERS = 600;

type Outcome<Result> = { result: Result } | { error: string };

let current: { child: ChildProcess; directory: string } | undefined;

/**
 * Runs a script with its own processes and directory, which are removed afterwards in any case: a database file that is
 * kept would distort later runs by a third.
 * @param script gets the order and the directory as its argument, and prints its result as JSON
 * @param parent where the directory is made
 */
export async function runIsolated<Result>(
  script: URL,
  order: object,
  parent: string = tmpdir(),
): Promise<Outcome<Result>> {
  const directory = mkdtempSync(join(parent, 'holdline-bench-'));
  const command = [process.execPath, fileURLToPath(script), JSON.stringify({ ...order, directory })];
  const [file = '', ...args] = pinned(GENERATOR_CORE, command);
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  current = { child, directory };
  const timer = setTimeout(cleanUp, RUN_DEADLINE_MS);
  const texts = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  cleanUp();
  const [result, complaint] = await texts;
  if (code === 0) return { result: JSON.parse(result) as Result };
  return { error: complaint.slice(0, MAX_ERROR_CHARACTERS) || `ended with ${String(code)}` };
}

/** Kills the current run with all its processes. */
export function cleanUp(): void {
  if (current === undefined) return;
  const { child, directory } = current;
  current = undefined;
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process group has ended already.
  }
  rmSync(directory, { recursive: true, force: true });
}
