import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: the unit of CPU times in /proc, 100 a second on every Linux that runs Node. */
const MS_PER_TICK = 10;
const RESIDENT_KIB = /VmRSS:\s+(\d+) kB/;

/** Processes and all their descendants, from /proc. Found at each reading: nginx listens before it starts its worker. */
export class ProcessTree {
  readonly #roots: readonly number[];

  constructor(...roots: readonly number[]) {
    this.#roots = roots;
  }

  /** User and system time of all processes since their start. A parent includes its children that have ended. */
  cpuMs(): number {
    return this.#sum((pid) => {
      const fields = statFields(pid);
      const [utime, stime, cutime, cstime] = [fields[11], fields[12], fields[13], fields[14]];
      return (Number(utime) + Number(stime) + Number(cutime) + Number(cstime)) * MS_PER_TICK;
    });
  }

  residentBytes(): number {
    return this.#sum((pid) => Number(RESIDENT_KIB.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024);
  }

  #sum(of: (pid: number) => number): number {
    return withDescendants(this.#roots).reduce((sum, pid) => sum + of(pid), 0);
  }
}

function withDescendants(roots: readonly number[]): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (Number.isInteger(pid)) parents.set(pid, parentOf(pid));
  }
  const tree = [...roots];
  for (const member of tree) {
    for (const [pid, parent] of parents) if (parent === member) tree.push(pid);
  }
  return tree;
}

function parentOf(pid: number): number {
  try {
    return Number(statFields(pid)[1]);
  } catch {
    return 0; // The process has ended in the meantime.
  }
}

/** The fields of /proc/<pid>/stat after the command, which may contain spaces: `[0]` is the state. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
