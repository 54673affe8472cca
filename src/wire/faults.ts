import type { z } from 'zod';
import type { Fault } from './problem.ts';

/** The part of a request to which a pointer leads. */
export type FaultRoot = 'body' | 'query' | 'path' | 'header';

/** A body may hold tens of thousands of faults; an answer that listed them would be many times its size. */
export const MAX_FAULTS = 64;

/** A JSON Pointer (RFC 6901) from the given part of the request. */
export function pointerOf(path: readonly PropertyKey[], root: FaultRoot): string {
  return ['', root, ...path.map(escape)].join('/');
}

function escape(step: PropertyKey): string {
  // A lone surrogate in a name would make the response unreadable for strict JSON parsers.
  return String(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Faults of one part of a request, in schema order. */
export function* faultsOf(error: z.ZodError, root: FaultRoot): Generator<Fault> {
  for (const { path, detail } of places(error)) yield { pointer: pointerOf(path, root), detail };
}

/** Each fault once, at most 64. If there are more, the last entry says so. Takes no more faults than it needs. */
export function listed(faults: Iterable<Fault>): Fault[] {
  const found = new Map<string, Fault>();
  for (const fault of faults) {
    found.set(`${fault.pointer} ${fault.detail}`, fault);
    if (found.size > MAX_FAULTS) break;
  }
  const list = [...found.values()];
  if (list.length <= MAX_FAULTS) return list;
  const [, root = ''] = list[0]?.pointer.split('/') ?? [];
  return [...list.slice(0, MAX_FAULTS - 1), { pointer: `/${root}`, detail: 'further faults are not listed' }];
}

/** One place per fault: an issue about unknown keys names all of them at once. */
function* places({ issues }: z.ZodError): Generator<{ path: PropertyKey[]; detail: string }> {
  for (const issue of issues) {
    const { path, message: detail } = issue;
    if (issue.code !== 'unrecognized_keys') yield { path, detail };
    else for (const key of issue.keys) yield { path: [...path, key], detail };
  }
}
