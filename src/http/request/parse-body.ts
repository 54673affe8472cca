import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { whenReady, type Awaitable } from '../../signalling/deferred.ts';
import { fingerprint, type Idempotency } from '../../signalling/idempotency.ts';
import type { Mailbox } from '../../signalling/message.ts';
import {
  faultsOf,
  idempotencyKey,
  isObject,
  MAX_FAULTS,
  MAX_SEND_BATCH,
  pointerOf,
  type Fault,
} from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { Body, Operation } from '../operations/index.ts';
import { invalidRequest } from '../response/request-problem.ts';
import { elementSources, isSuspect, memberSource, unreadable } from './json-text.ts';
import { faultsAt } from './parse-target.ts';
import { readJson, type JsonBody } from './read-body.ts';

/** Maximum size of a batch body, as a multiple of the largest message; batches of candidates stay far below. */
const MESSAGES_PER_BODY = 8;

const NO_BODY: JsonBody = { json: undefined, text: '' };

export interface ParsedBody {
  readonly body: unknown;
  readonly bodyText: string;
  readonly idempotency: Idempotency | undefined;
}

/**
 * Checks media type, size and JSON, then all faults of body and headers at once. Returns a promise only while the body
 * is still arriving.
 * @throws RequestProblem `unsupported-media-type`, `too-large`, `invalid-json`, `invalid-request`
 */
export function parseBody(
  operation: Operation,
  req: IncomingMessage,
  context: AppContext,
  caller: Mailbox | undefined,
): Awaitable<ParsedBody> {
  const { body } = operation;
  const faults: Fault[] = [];
  const key = operation.isIdempotent === true ? keyOf(req, faults) : undefined;
  const source = body === undefined ? NO_BODY : readJson(req, maxBodyBytes(body, context));
  const judge = (read: JsonBody): ParsedBody => {
    const parsed = body && context.schemas[body.schema].safeParse(read.json);
    const textFaults = body?.relays === undefined ? NONE : faultsOfText(body.relays, read, caller);
    if (parsed?.success === false || textFaults.length > 0 || faults.length > 0)
      throw invalidRequest(allFaults(parsed?.error, textFaults, faults));
    return { body: parsed?.data, bodyText: read.text, idempotency: idempotencyOf(key, read.text) };
  };
  return whenReady(source, judge);
}

const maxBodyBytes = ({ maxBytes }: Body, { settings }: AppContext): number =>
  typeof maxBytes === 'number' ? maxBytes : settings.maxMessageBytes * (maxBytes === 'message' ? 1 : MESSAGES_PER_BODY);

function* allFaults(error: z.ZodError | undefined, ...more: readonly (readonly Fault[])[]): Generator<Fault> {
  if (error !== undefined) yield* faultsOf(error, 'body');
  for (const faults of more) yield* faults;
}

const idempotencyOf = (key: string | undefined, text: string): Idempotency | undefined =>
  key === undefined ? undefined : { key, fingerprint: fingerprint(text) };

function keyOf(req: IncomingMessage, faults: Fault[]): string | undefined {
  const value = req.headers['idempotency-key'];
  if (value === undefined) return undefined;
  const parsed = idempotencyKey.safeParse(value);
  if (parsed.success) return parsed.data;
  faults.push(...faultsAt('/header/Idempotency-Key', parsed.error, 'header'));
  return undefined;
}

const NONE: readonly Fault[] = [];

/**
 * Faults that no schema can detect, since they depend on the sender or on the JSON text: a sender that names itself as
 * the recipient, and relayed members that some JSON parsers cannot read. Reported with those of the schema.
 */
function faultsOfText(
  relays: NonNullable<Body['relays']>,
  { json, text }: JsonBody,
  sender: Mailbox | undefined,
): readonly Fault[] {
  if (relays === 'metadata') return isSuspect(text) ? faultsOfMember(text, ['metadata'], false) : NONE;
  const messages = relays === 'message' ? messageOf(json) : messagesOf(json);
  if (messages.length === 0) return NONE;
  const isBodySuspect = messages.every(hasNamesOnce) || isSuspect(text);
  const sources = isBodySuspect || messages.some(hasNamesOnce) ? sourcesOf(relays, text) : [];
  return messages.flatMap((placed) => [
    ...faultsToSelf(placed, sender),
    ...(isBodySuspect || hasNamesOnce(placed) ? faultsOfPayload(placed, sources[placed.index] ?? '{}') : NONE),
  ]);
}

interface PlacedMessage {
  readonly message: Readonly<Record<string, unknown>>;
  readonly index: number;
  readonly path: readonly PropertyKey[];
}

const messageOf = (json: unknown): PlacedMessage[] => (isObject(json) ? [{ message: json, index: 0, path: [] }] : []);

/** Returns the messages of a batch, even if other parts are invalid; none above the limit, which refuses the batch. */
function messagesOf(json: unknown): PlacedMessage[] {
  if (!isObject(json) || !Array.isArray(json.messages) || json.messages.length > MAX_SEND_BATCH) return [];
  return json.messages.flatMap((message: unknown, index) =>
    isObject(message) ? [{ message, index, path: ['messages', index] }] : [],
  );
}

const sourcesOf = (relays: 'message' | 'messages', text: string): readonly string[] =>
  relays === 'message' ? [text] : elementSources(memberSource(text, 'messages') ?? '[]');

const faultsToSelf = ({ message, path }: PlacedMessage, sender: Mailbox | undefined): readonly Fault[] =>
  sender !== undefined && message.to === sender.participantId
    ? [{ pointer: pointerOf([...path, 'to'], 'body'), detail: 'must be another participant, not the sender' }]
    : NONE;

const faultsOfPayload = (placed: PlacedMessage, source: string): readonly Fault[] =>
  faultsOfMember(source, [...placed.path, 'payload'], hasNamesOnce(placed));

/**
 * If a member were duplicated here, parsers that keep the first value and parsers that keep the last would see
 * different sessions.
 */
const hasNamesOnce = ({ message: { type } }: PlacedMessage): boolean =>
  type === 'offer' || type === 'answer' || type === 'candidate';

/** @param path of the member; its last step is the name of the member in `object` */
function faultsOfMember(object: string, path: readonly PropertyKey[], namesOnce: boolean): Fault[] {
  const source = memberSource(object, String(path.at(-1)));
  if (source === undefined) return [];
  return unreadable(source, namesOnce, MAX_FAULTS + 1).map((fault) => ({
    pointer: pointerOf([...path, ...fault.path], 'body'),
    detail: fault.detail,
  }));
}
