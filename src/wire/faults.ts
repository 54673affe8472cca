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
  let rest = 0;
  for (const { path, detail } of places(error)) {
    if (faults.size === MAX_FAULTS) {
      rest += 1;
      continue;
    }
    const pointer = pointerOf(path, root);
    faults.set(`${pointer} ${detail}`, { pointer, detail });
  }
  if (rest > 0) faults.set('', { pointer: pointerOf([], root), detail: `${rest} further faults are not listed` });
  return [...faults.values()];
}

/** One place per fault: an issue about unknown keys names all of them at once. */
function* places({ issues }: z.ZodError): Generator<{ path: PropertyKey[]; detail: string }> {
  for (const issue of issues) {
    const { path, message: detail } = issue;
    if (issue.code !== 'unrecognized_keys') yield { path, detail };
    else for (const key of issue.keys) yield { path: [...path, key], detail };
  }
}
