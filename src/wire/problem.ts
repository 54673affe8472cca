import { z } from 'zod';
import { quoted } from './fields.ts';
import { cursor } from './ids.ts';
import { PROBLEM_CODES } from './problem-codes.ts';

const codes = quoted(Object.keys(PROBLEM_CODES));

export const fault = z
  .object({
    pointer: z.string().meta({
      description: 'A JSON Pointer (RFC 6901) that starts with `/body`, `/query`, `/path` or `/header`.',
      examples: ['/body/payload/sdp'],
    }),
    detail: z.string().meta({ description: 'What is wrong at that place.', examples: ['must start with "v=0"'] }),
  })
  .meta({ id: 'Fault', description: 'One fault of the input.' });

export const problem = z
  .object({
    type: z.string().meta({
      description: 'The address of a page that explains the code, relative to the service: `/problems/<code>`.',
      examples: ['/problems/invalid-request'],
    }),
    title: z.string().meta({
      description: 'The code in words; always the same for a code.',
      examples: ['The request is not valid'],
    }),
    status: z
      .int()
      .min(400)
      .max(599)
      .meta({ description: 'The HTTP status.', examples: [400] }),
    detail: z
      .string()
      .meta({ description: 'What happened, for a person to read.', examples: ['The body has 1 fault.'] }),
    code: z.string().meta({
      description: `What happened, for programs: ${codes}. New codes may be added; handle an unknown one by \`status\` and \`retryable\`.`,
      examples: ['invalid-request'],
    }),
    retryable: z.boolean().meta({
      description: 'Whether the unchanged request may succeed later.',
      examples: [false],
    }),
    requestId: z.string().meta({
      description: 'The same as the header `X-Request-Id`. Identifies this request in the log of the server.',
      examples: ['6c9fecd4-0fc1-41a1-9146-2021ab39bdf2'],
    }),
    errors: z.array(fault).meta({ description: 'The faults of an invalid request, at most 64.' }).exactOptional(),
    reason: z
      .string()
      .meta({
        description: 'With `participant-gone`: `left`, `timeout`, `replaced` or `removed`. New values may be added.',
        examples: ['timeout'],
      })
      .exactOptional(),
    resetCursor: cursor
      .meta({ description: 'With `cursor-expired`: the acknowledged position. Continue with it as `after`.' })
      .exactOptional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details: what went wrong, and whether to retry.' });

export type Problem = z.output<typeof problem>;
export type Fault = z.output<typeof fault>;

/** The part of a request that a pointer starts from, or the frame of a socket. */
export type FaultRoot = 'body' | 'query' | 'path' | 'header' | 'frame';

/** A body may have tens of thousands of faults; a response that listed them all would be many times its size. */
export const MAX_FAULTS = 64;

/** A JSON Pointer (RFC 6901) into the given part of the request. */
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

/** Each fault once, at most 64; the last entry reports further ones. Consumes no more faults than it needs. */
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
