import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import { emptyQuery, faultsOf, participantId, roomId, ROOM_ID_PATTERN, type Fault } from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { Operation } from '../operations/index.ts';
import { invalidRequest } from '../response/request-problem.ts';
import type { PathIds } from './call.ts';

const PATH_SCHEMAS = { roomId, participantId };

/** @param params decoded path parameters; `parseQuery` reports their faults together with those of the query */
export function parsePath(params: Record<string, unknown>): { readonly path: PathIds; readonly faults: Fault[] } {
  const faults: Fault[] = [];
  // The only place where path text becomes an id: `checkedId` has validated it.
  const path = {
    roomId: checkedId('roomId', params.roomId, faults) as RoomId | undefined,
    participantId: checkedId('participantId', params.participantId, faults) as ParticipantId | undefined,
    code: typeof params.code === 'string' ? params.code : undefined,
  };
  return { path, faults };
}

/**
 * @param pathFaults the faults of `parsePath`
 * @throws RequestProblem `invalid-request` with all faults of path and query
 */
export function parseQuery(
  operation: Operation,
  url: string,
  pathFaults: readonly Fault[],
  { querySchemas }: AppContext,
): unknown {
  const at = operation.ignoresQuery === true ? -1 : url.indexOf('?');
  if (at === -1 && operation.query === undefined && pathFaults.length === 0) return undefined;
  const schema = operation.query === undefined ? emptyQuery : querySchemas[operation.query];
  const parsed = schema.safeParse(at === -1 ? {} : queryOf(url.slice(at + 1)));
  const faults = parsed.success ? pathFaults : [...pathFaults, ...faultsOf(parsed.error, 'query')];
  if (faults.length > 0) throw invalidRequest(faults);
  return parsed.data;
}

/** @returns `undefined` when the path has no such id, or an invalid one, whose faults are added to `faults` */
function checkedId(name: keyof typeof PATH_SCHEMAS, value: unknown, faults: Fault[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && ROOM_ID_PATTERN.test(value)) return value;
  const { error } = PATH_SCHEMAS[name].safeParse(value);
  if (error !== undefined) faults.push(...faultsAt(`/path/${name}`, error, 'path'));
  return undefined;
}

/** Faults of a value that is not an object, reported at `pointer`. */
export const faultsAt = (pointer: string, ...error: Parameters<typeof faultsOf>): Fault[] =>
  Array.from(faultsOf(...error), ({ detail }) => ({ pointer, detail }));

/** perf: 2 us a poll. Parameters in which nothing is encoded, as in nearly every poll, need no URLSearchParams. */
const PLAIN = /^\w+=[\w.-]*(?:&\w+=[\w.-]*)*$/;

/** A repeated parameter becomes an array, which no schema accepts. */
function queryOf(text: string): Record<string, string | string[]> {
  const query = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of PLAIN.test(text) ? plainParameters(text) : new URLSearchParams(text)) {
    query[name] = name in query ? [value] : value;
  }
  return query;
}

const plainParameters = (text: string): [name: string, value: string][] =>
  text.split('&').map((parameter) => {
    const at = parameter.indexOf('=');
    return [parameter.slice(0, at), parameter.slice(at + 1)];
  });
