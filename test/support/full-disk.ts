import { execFileSync } from 'node:child_process';
import { onCleanUp } from './clean-up.ts';
import { ServerProcess, temporaryDirectory } from './server-process.ts';

/** A server whose disk can be filled and freed. */
export interface ServerOnDisk {
  readonly server: ServerProcess;
  /** Leaves space for a few messages only. */
  readonly fill: () => void;
  readonly free: () => void;
}

const run = (command: string, ...args: readonly (string | number)[]) => execFileSync(command, args.map(String));
const start = (directory: string) =>
  ServerProcess.start({ env: { STORE_URL: `sqlite:${directory}/holdline.db`, RATE_LIMIT: 'off' } });

/** A small file system in memory: writes fail with ENOSPC, as on a full disk. Only root may mount it. */
async function onSmallFileSystem(): Promise<ServerOnDisk> {
  const directory = temporaryDirectory();
  run('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', directory);
  onCleanUp(() => run('umount', '--lazy', directory));
  const resize = (size: string) => run('mount', '-o', `remount,size=${size}`, directory);
  return { server: await start(directory), fill: () => resize('512k'), free: () => resize('64m') };
}

/** A limit on the size of the server's files: writes fail with EFBIG. Every user may set it. */
async function underFileSizeLimit(): Promise<ServerOnDisk> {
  const server = await start(temporaryDirectory());
  const limit = (bytes: string) => run('prlimit', '--pid', server.pid, `--fsize=${bytes}:`);
  return { server, fill: () => limit('400000'), free: () => limit('unlimited') };
}

const isRoot = process.getuid?.() === 0;

export const FULL_DISKS: readonly (readonly [string, () => Promise<ServerOnDisk>])[] = [
  ...(isRoot ? [['a full file system', onSmallFileSystem] as const] : []),
  ['a file size limit', underFileSizeLimit],
];
