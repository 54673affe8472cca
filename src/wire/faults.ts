import type { z } from 'zod';
import type { Fault } from './problem.ts';

/** The part of a request to which a pointer leads. */
export type FaultRoot = 'body' | 'query' | 'path' | 'header';

/** A body may hold tens of thousands of faults; an answer that listed them would be many times its size. */
const MAX_FAULTS = 256;

/** A JSON Pointer (RFC 6901) from the given part of the request. */
export function pointerOf(path: readonly PropertyKey[], root: FaultRoot): string {
  return ['', root, ...path.map(escape)].join('/');
}

function escape(step: PropertyKey): string {
  return String(step).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Every fault once, in the order of the schema; after the first 256 the rest is only counted. */
export function faultsOf(error: z.ZodError, root: FaultRoot): Fault[] {
  const faults = new Map<string, Fault>();
  for (const fault of error.issues.flatMap((issue) => faultsOfIssue(issue, root))) {
    faults.set(`${fault.pointer} ${fault.detail}`, fault);
  }
  const all = [...faults.values()];
  if (all.length <= MAX_FAULTS) return all;
  const rest = `${String(all.length - MAX_FAULTS)} further faults are not listed`;
  return [...all.slice(0, MAX_FAULTS), { pointer: pointerOf([], root), detail: rest }];
}

function faultsOfIssue(issue: z.core.$ZodIssue, root: FaultRoot): Fault[] {
  const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  return paths.map((path) => ({ pointer: pointerOf(path, root), detail: issue.message }));
}
