import { spawnSync } from 'node:child_process';
import { arch, cpus, release, tmpdir, totalmem, type } from 'node:os';
import { canPin } from './cores.ts';

/** Where figures come from: without it they mean little. */
export interface MachineInfo {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  node: string;
  /** The file system that databases were on: it decides what a flush to disk costs. */
  fileSystem: string;
  pinned: boolean;
}

export function describeMachine(): MachineInfo {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    fileSystem: output('df', ['--output=fstype', tmpdir()]).split('\n').at(-1) ?? 'unknown',
    pinned: canPin,
  };
}

/** The commit measured, marked when the working tree differed from it. */
export function describeCommit(): string {
  const commit = output('git', ['rev-parse', '--short', 'HEAD']);
  const changed = output('git', ['status', '--porcelain', '--', 'src', 'migrations', 'bench', 'package-lock.json']);
  return changed === '' || changed === 'unknown' ? commit : `${commit} with uncommitted changes`;
}

function output(command: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, { cwd: import.meta.dirname, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}
