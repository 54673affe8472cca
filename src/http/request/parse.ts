import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { fingerprint } from '../../signalling/fingerprint.ts';
import type { Idempotency } from '../../signalling/join.ts';
import type { Mailbox } from '../../signalling/message.ts';
import {
  emptyQuery,
  faultsOf,
  idempotencyKey,
  participantId,
  roomId,
  ROOM_ID_PATTERN,
  type Fault,
} from '../../wire/index.ts';
import { faultsOfBody } from './body-faults.ts';
import type { AppContext } from '../context.ts';
import type { Operation } from '../operations/index.ts';
import { readJson, type JsonBody } from './read-body.ts';
import { invalidRequest } from '../response/request-problem.ts';

/** Bounds memory: a batch may have the bytes of this many largest messages; a batch of candidates stays far below. */
const MESSAGES_PER_BODY = 8;

const PATH_PARAMETERS = Object.entries({ roomId, participantId });

export interface ParsedTarget {
  readonly query: unknown;
}

/** @throws RequestProblem `invalid-request` with all faults of path and query */
export function parseTarget(
  operation: Operation,
  params: Record<string, unknown>,
  url: string,
  context: AppContext,
): ParsedTarget {
  const faults = pathFaults(params);
  const schema = operation.query === undefined ? emptyQuery : context.schemas[operation.query];
  const at = operation.anyQuery === true ? -1 : url.indexOf('?');
  if (at === -1 && operation.query === undefined && faults.length === 0) return { query: undefined };
  const parsed = schema.safeParse(at === -1 ? {} : queryOf(url.slice(at + 1)));
  if (!parsed.success) faults.push(...faultsOf(parsed.error, 'query'));
  if (faults.length > 0) throw invalidRequest(faults);
  return { query: parsed.data };
}

function pathFaults(params: Record<string, unknown>): Fault[] {
  return PATH_PARAMETERS.flatMap(([name, schema]) => {
    const value = params[name];
    if (value === undefined || (typeof value === 'string' && ROOM_ID_PATTERN.test(value))) return [];
    const parsed = schema.safeParse(value);
    return parsed.success ? [] : faultsAt(`/path/${name}`, parsed.error, 'path');
  });
}

/** Faults of a value that is not an object, reported at `pointer`. */
const faultsAt = (pointer: string, ...error: Parameters<typeof faultsOf>): Fault[] =>
  Array.from(faultsOf(...error), ({ detail }) => ({ pointer, detail }));

/** One parameter in which nothing is encoded: what nearly every poll has. */
const PLAIN = /^(\w+)=([\w.-]*)$/;

/** A repeated parameter becomes an array, which no schema takes, however long. */
function queryOf(text: string): Record<string, string | string[]> {
  const query = Object.create(null) as Record<string, string | string[]>;
  const [, only, plain = ''] = PLAIN.exec(text) ?? [];
  if (only !== undefined) {
    query[only] = plain;
    return query;
  }
  for (const [name, value] of new URLSearchParams(text)) {
    query[name] = name in query ? [value] : value;
  }
  return query;
}

const NO_BODY: JsonBody = { json: undefined, text: '' };

export interface ParsedBody {
  readonly body: unknown;
  readonly bodyText: string;
  readonly idempotency: Idempotency | undefined;
}

/**
 * Media type, size, JSON, then all faults of body and headers at once. A promise only when the body is still on its way.
 * @throws RequestProblem `unsupported-media-type`, `too-large`, `invalid-json`, `invalid-request`
 */
export function parseBody(
  operation: Operation,
  req: IncomingMessage,
  context: AppContext,
  caller: Mailbox | undefined,
): ParsedBody | Promise<ParsedBody> {
  const faults: Fault[] = [];
  const key = operation.headers?.includes('Idempotency-Key') === true ? keyOf(req, faults) : undefined;
  const read = operation.body === undefined ? NO_BODY : readJson(req, maxBodyBytes(operation.body, context));
  const judged = (body: JsonBody): ParsedBody => judge(body, operation, context, caller, key, faults);
  return read instanceof Promise ? read.then(judged) : judged(read);
}

function judge(
  body: JsonBody,
  operation: Operation,
  context: AppContext,
  caller: Mailbox | undefined,
  key: string | undefined,
  headerFaults: readonly Fault[],
): ParsedBody {
  const { json, text } = body;
  if (operation.body === undefined) {
    if (headerFaults.length > 0) throw invalidRequest(headerFaults);
    return { body: undefined, bodyText: text, idempotency: idempotencyOf(key, json) };
  }
  const { schema } = operation.body;
  const parsed = context.schemas[schema].safeParse(json);
  const ownFaults = faultsOfBody(schema, body, caller);
  if (!parsed.success || ownFaults.length > 0 || headerFaults.length > 0)
    throw invalidRequest(allFaults(parsed.error, ownFaults, headerFaults));
  return { body: parsed.data, bodyText: text, idempotency: idempotencyOf(key, json) };
}

function* allFaults(error: z.ZodError | undefined, ...more: readonly (readonly Fault[])[]): Generator<Fault> {
  if (error !== undefined) yield* faultsOf(error, 'body');
  for (const faults of more) yield* faults;
}

const idempotencyOf = (key: string | undefined, json: unknown): Idempotency | undefined =>
  key === undefined ? undefined : { key, fingerprint: fingerprint(json) };

const maxBodyBytes = ({ maxBytes }: NonNullable<Operation['body']>, { settings }: AppContext): number =>
  typeof maxBytes === 'number' ? maxBytes : settings.maxMessageBytes * (maxBytes === 'message' ? 1 : MESSAGES_PER_BODY);

function keyOf(req: IncomingMessage, faults: Fault[]): string | undefined {
  const value = req.headers['idempotency-key'];
  if (value === undefined) return undefined;
  const parsed = idempotencyKey.safeParse(value);
  if (parsed.success) return parsed.data;
  faults.push(...faultsAt('/header/Idempotency-Key', parsed.error, 'header'));
  return undefined;
}
