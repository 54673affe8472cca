import type { IncomingMessage } from 'node:http';
import { fingerprint } from '../signalling/fingerprint.ts';
import type { Idempotency } from '../signalling/join.ts';
import type { Mailbox } from '../signalling/message.ts';
import {
  emptyQuery,
  faultsOf,
  idempotencyKey,
  participantId,
  roomId,
  ROOM_ID_PATTERN,
  type Fault,
} from '../wire/index.ts';
import type { Edge } from './edge.ts';
import type { Operation } from './operations.ts';
import { readJson, type JsonBody } from './read-body.ts';
import { invalidRequest } from './request-problem.ts';
import { faultsToSelf } from './to-self.ts';

/** Stops bodies that eat the memory: one may hold this many of the largest messages, and a batch of candidates never comes near. */
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
  edge: Edge,
): ParsedTarget {
  const faults = pathFaults(params);
  const schema = operation.query === undefined ? emptyQuery : edge.schemas[operation.query];
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
    return parsed.success
      ? []
      : faultsOf(parsed.error, 'path').map((fault) => ({ ...fault, pointer: `/path/${name}` }));
  });
}

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
  edge: Edge,
  caller: Mailbox | undefined,
): ParsedBody | Promise<ParsedBody> {
  const faults: Fault[] = [];
  const key = operation.headers?.includes('Idempotency-Key') === true ? keyOf(req, faults) : undefined;
  const read = operation.body === undefined ? NO_BODY : readJson(req, maxBodyBytes(operation, edge));
  const judged = (json: JsonBody): ParsedBody => judge(json, operation, edge, caller, key, faults);
  return read instanceof Promise ? read.then(judged) : judged(read);
}

function judge(
  { json, text }: JsonBody,
  operation: Operation,
  edge: Edge,
  caller: Mailbox | undefined,
  key: string | undefined,
  faults: Fault[],
): ParsedBody {
  const parsed = operation.body && edge.schemas[operation.body.schema].safeParse(json);
  if (operation.body !== undefined && caller !== undefined)
    faults.unshift(...faultsToSelf(operation.body.schema, json, caller));
  if (parsed?.success === false) faults.unshift(...faultsOf(parsed.error, 'body'));
  if (faults.length > 0) throw invalidRequest(faults);
  const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprint(json) };
  return { body: parsed?.data, bodyText: text, idempotency };
}

/** The body of `sendMessage` is one message. */
const maxBodyBytes = (operation: Operation, { settings }: Edge): number =>
  operation.body?.schema === 'sendMessage' ? settings.maxMessageBytes : settings.maxMessageBytes * MESSAGES_PER_BODY;

function keyOf(req: IncomingMessage, faults: Fault[]): string | undefined {
  const value = req.headers['idempotency-key'];
  if (value === undefined) return undefined;
  const parsed = idempotencyKey.safeParse(value);
  if (parsed.success) return parsed.data;
  faults.push(...faultsOf(parsed.error, 'header').map((fault) => ({ ...fault, pointer: '/header/Idempotency-Key' })));
  return undefined;
}
