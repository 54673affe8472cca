import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Server and generator have a core each, so that neither takes time from the other. */
export const GENERATOR_CORE = 0;
export const SERVER_CORE = 1;

/**
 * False where there is only one core, or no `taskset`: then figures are comparable only roughly.
 * Not `availableParallelism()`: inside a pinned process that is 1.
 */
export const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

/** The same command on one core. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : command;
}
