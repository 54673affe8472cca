import type { Mailbox } from '../../signalling/message.ts';
import { isObject, MAX_FAULTS, MAX_SEND_BATCH, pointerOf, type Fault } from '../../wire/index.ts';
import { elementSources, isSuspect, memberSource, unreadable } from './json-text.ts';
import type { JsonBody } from './read-body.ts';

const NONE: readonly Fault[] = [];

/*
 * Faults of a body that no schema can detect, since they depend on the sender or on the text. Reported with those of
 * the schema.
 */

/** Finds a sender that names itself as the recipient, and relayed members that not every JSON parser can read. */
export function faultsOfBody(schema: string, { json, text }: JsonBody, sender: Mailbox | undefined): readonly Fault[] {
  if (schema === 'joinRoom') return isSuspect(text) ? faultsOfMember(text, ['metadata'], false) : NONE;
  const messages = messagesOf(schema, json);
  if (messages.length === 0) return NONE;
  const isBodySuspect = messages.every(hasNamesOnce) || isSuspect(text);
  const isJudged = isBodySuspect || messages.some(hasNamesOnce);
  const sources = isJudged ? sourcesOf(schema, text) : [];
  return messages.flatMap((placed) => [
    ...faultsToSelf(placed, sender),
    ...(isBodySuspect || hasNamesOnce(placed) ? faultsOfPayload(placed, sources[placed.index] ?? '{}') : NONE),
  ]);
}

const sourcesOf = (schema: string, text: string): readonly string[] =>
  schema === 'sendMessage' ? [text] : elementSources(memberSource(text, 'messages') ?? '[]');

const faultsToSelf = ({ message, path }: PlacedMessage, sender: Mailbox | undefined): readonly Fault[] =>
  sender !== undefined && message.to === sender.participantId
    ? [{ pointer: pointerOf([...path, 'to'], 'body'), detail: 'must be another participant, not the sender' }]
    : NONE;

const faultsOfPayload = (placed: PlacedMessage, source: string): readonly Fault[] =>
  faultsOfMember(source, [...placed.path, 'payload'], hasNamesOnce(placed));

/** With a duplicate member here, parsers that keep the first one and parsers that keep the last see different sessions. */
const hasNamesOnce = ({ message: { type } }: PlacedMessage): boolean =>
  type === 'offer' || type === 'answer' || type === 'candidate';

type JsonObject = Readonly<Record<string, unknown>>;

interface PlacedMessage {
  readonly message: JsonObject;
  readonly index: number;
  readonly path: readonly PropertyKey[];
}

/** The messages of the parsed body, even if other parts of it are invalid. */
function messagesOf(schema: string, json: unknown): PlacedMessage[] {
  if (!isObject(json)) return [];
  if (schema === 'sendMessage') return [{ message: json, index: 0, path: [] }];
  // A batch beyond the limit is refused as a whole; its messages are not checked.
  if (schema !== 'sendMessages' || !Array.isArray(json.messages) || json.messages.length > MAX_SEND_BATCH) return [];
  return json.messages.flatMap((message: unknown, index) =>
    isObject(message) ? [{ message, index, path: ['messages', index] }] : [],
  );
}

/** @param path of the member; its last step is the name of the member in `object` */
function faultsOfMember(object: string, path: readonly PropertyKey[], namesOnce: boolean): Fault[] {
  const source = memberSource(object, String(path.at(-1)));
  if (source === undefined) return [];
  return unreadable(source, namesOnce, MAX_FAULTS + 1).map((fault) => ({
    pointer: pointerOf([...path, ...fault.path], 'body'),
    detail: fault.detail,
  }));
}
