import { spawnSync } from 'node:child_process';
import { arch, cpus, release, tmpdir, totalmem, type } from 'node:os';

/** The server and the load generator have a core each, so that neither takes time from the other. */
export const GENERATOR_CORE = 0;
export const SERVER_CORE = 1;

/**
 * False with a single core or without `taskset`: then figures are only roughly comparable.
 * Not `availableParallelism()`, which is 1 inside a pinned process.
 */
const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

/** The command, on one core where that is possible. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : command;
}

/** The machine of a run. Figures mean little without it. */
export interface MachineInfo {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  node: string;
  /** File system of the databases: it decides the cost of a flush to disk. */
  fileSystem: string;
  pinned: boolean;
}

/** @param directory where the databases are */
export function describeMachine(directory: string = tmpdir()): MachineInfo {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    fileSystem: output('df', ['--output=fstype', directory]).split('\n').at(-1) ?? 'unknown',
    pinned: canPin,
  };
}

/** The measured commit, marked when the working tree differs from it. */
export function describeCommit(): string {
  const commit = output('git', ['rev-parse', '--short', 'HEAD']);
  const changed = output('git', ['status', '--porcelain', '--', 'src', 'migrations', 'bench', 'package-lock.json']);
  return changed === '' || changed === 'unknown' ? commit : `${commit} with uncommitted changes`;
}

function output(command: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, { cwd: import.meta.dirname, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}
