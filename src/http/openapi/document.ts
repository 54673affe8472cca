import { stringify } from 'yaml';
import { z } from 'zod';
import { createDocument, type CreateDocumentOptions, type ZodOpenApiOperationObject } from 'zod-openapi';
import {
  idempotencyKey,
  MESSAGE_PAYLOADS,
  participantId,
  PROBLEM_CODES,
  requestSchemas,
  type RequestSchemas,
  ROOM_EVENT_PAYLOADS,
  roomId,
  roomListParameters,
  type WireBounds,
} from '../../wire/index.ts';
import { GUIDE } from './guide.ts';
import { COMMON_HEADERS, headerRefs, RESPONSE_HEADERS } from './headers.ts';
import { problemResponses } from './problems.ts';
import { type Operation, operationRows, type Security } from '../operations/index.ts';
import type { PathParameter, QueryName, RequestHeader, Success } from '../operations/row.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The description of this service (OpenAPI 3.1). It uses only what OpenAPI 3.0 can also say. */
export function openApiDocument(options: { bounds: WireBounds; version: string; serverUrl?: string }): OpenApiDocument {
  const schemas = requestSchemas(options.bounds);
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Holdline',
        version: options.version,
        description: GUIDE,
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: options.serverUrl ?? '/', description: 'The server that serves this document.' }],
      tags: TAGS,
      paths: pathsOf(schemas),
      components: {
        schemas: payloadSchemas(),
        headers: RESPONSE_HEADERS,
        securitySchemes: { bearer: BEARER },
      },
    },
    { override: simplify, allowEmptySchema: { custom: true } },
  );
  return document;
}

/** The same description for generators that read OpenAPI 3.0 only. */
export function openApi30(document: OpenApiDocument): OpenApiDocument {
  const text = JSON.stringify({ ...document, openapi: '3.0.3' }, (_key, value: unknown) => oneExample(nullable(value)));
  return JSON.parse(text) as OpenApiDocument;
}

/** 3.1 lists `null` among the types; 3.0 has a keyword for it. */
function nullable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !Array.isArray(value.type)) return value;
  const [type] = value.type as unknown[];
  return { ...value, type, nullable: true };
}

/** A schema of 3.0 has one `example` in place of a list; the `examples` of a media type are an object in both. */
function oneExample(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('examples' in value) || !Array.isArray(value.examples))
    return value;
  const { examples, ...rest } = value;
  return { ...rest, example: examples[0] as unknown };
}

export function toYaml(document: OpenApiDocument): string {
  // Many readers still take YAML 1.1, where an unquoted date is not a text and `no` is false.
  return stringify(document, {
    compat: 'yaml-1.1',
    blockQuote: 'literal',
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: 1_000,
    aliasDuplicateObjects: false,
  });
}

const TAGS = [
  { name: 'rooms', description: 'Joining, leaving, and who is there.' },
  { name: 'messages', description: 'Sending, polling and acknowledging.' },
  { name: 'operations', description: 'For those who run the service.' },
];

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  description:
    "The `token` of the join result. `joinRoom` also takes an access token (a JWT of the app's own backend: `sub` is the participant, " +
    '`room` the room or `*`, `exp` the end of its use; `exp` and `nbf` have 5 s of leeway; optional `name` and `metadata` win over the ' +
    'body) where the operator asks for one. ' +
    'Trusted servers send an API key to join on behalf of others, to read rosters, to remove participants, and to list and close rooms.',
} as const;

const SECURITY: Record<Security, Record<string, string[]>[]> = {
  participant: [{ bearer: [] }],
  'participant-or-api-key': [{ bearer: [] }],
  'self-or-api-key': [{ bearer: [] }],
  'api-key': [{ bearer: [] }],
  join: [{}, { bearer: [] }],
  public: [],
};

const PATH_PARAMETERS: Record<PathParameter, z.ZodType> = {
  roomId,
  participantId,
  code: z.string().meta({ description: `One of ${Object.keys(PROBLEM_CODES).join(', ')}.`, examples: ['room-full'] }),
};

const REQUEST_HEADERS: Record<RequestHeader, z.ZodType> = {
  'Idempotency-Key': idempotencyKey.optional().meta({ ...idempotencyKey.meta() }),
  'X-HTTP-Method-Override': z
    .enum(['DELETE'])
    .optional()
    .meta({ description: 'Only with POST, where a proxy refuses DELETE.', examples: ['DELETE'] }),
};

type Paths = Record<string, Partial<Record<Lowercase<Operation['method']>, ZodOpenApiOperationObject>>>;

function pathsOf(schemas: RequestSchemas): Paths {
  const paths: Paths = {};
  for (const [operationId, operation] of operationRows()) {
    const method = operation.method.toLowerCase() as Lowercase<Operation['method']>;
    paths[operation.path] = { ...paths[operation.path], [method]: describe(operationId, operation, schemas) };
  }
  return paths;
}

function describe(operationId: string, operation: Operation, schemas: RequestSchemas): ZodOpenApiOperationObject {
  const { tag, summary, description, security, success, problems, body } = operation;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    security: SECURITY[security],
    requestParams: parametersOf(operation, schemas),
    ...(body && { requestBody: bodyOf(body, schemas) }),
    responses: { [String(success.status)]: successOf(success), ...problemResponses(problems) },
  };
}

function parametersOf({ path, headers = [], headerNotes, query }: Operation, schemas: RequestSchemas) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as PathParameter);
  const pick = <Key extends string>(from: Record<Key, z.ZodType>, keys: readonly Key[]) =>
    z.object(Object.fromEntries(keys.map((key) => [key, from[key]])));
  return {
    ...(names.length > 0 && { path: pick(PATH_PARAMETERS, names) }),
    ...(query !== undefined && { query: z.object(queryDocumented(query, schemas).shape) }),
    ...(headers.length > 0 && { header: pick(headersDocumented(headerNotes), headers) }),
  };
}

function headersDocumented(notes: Operation['headerNotes'] = {}): typeof REQUEST_HEADERS {
  const entries = Object.entries(notes).map(([name, note]) => {
    const schema = REQUEST_HEADERS[name as RequestHeader];
    return [name, schema.meta({ ...schema.meta(), description: `${schema.description ?? ''} ${note}` })] as const;
  });
  return { ...REQUEST_HEADERS, ...Object.fromEntries(entries) };
}

/** Queries are read from text, but documented with numbers: a poll's is the body of `pollMessages`. */
const queryDocumented = (query: QueryName, { pollMessages }: RequestSchemas): z.ZodObject =>
  ({ receiveQuery: pollMessages, listRoomsQuery: roomListParameters })[query];

function bodyOf({ schema, required, example }: NonNullable<Operation['body']>, schemas: RequestSchemas) {
  return { required, content: { 'application/json': { schema: schemas[schema], example } } };
}

function successOf(success: Success) {
  const { status, description } = success;
  if (status === 204) return { description, headers: headerRefs(COMMON_HEADERS) };
  const { mediaType = 'application/json', schema, headers = [], example } = success;
  return {
    description,
    headers: headerRefs([...COMMON_HEADERS, ...headers]),
    content: { [mediaType]: { schema, example } },
  };
}

/**
 * The payloads by their names. No operation refers to them, since a union in the envelope breaks several generators: the envelope's
 * `payload` names them in its description.
 */
function payloadSchemas(): Record<string, z.ZodType> {
  const { OfferPayload, AnswerPayload, CandidatePayload, CallEndPayload } = MESSAGE_PAYLOADS;
  return {
    OfferPayload: withoutIndex(OfferPayload),
    AnswerPayload: withoutIndex(AnswerPayload),
    CandidatePayload: withoutIndex(CandidatePayload),
    CallEndPayload: withoutIndex(CallEndPayload),
    ParticipantJoinedPayload: ROOM_EVENT_PAYLOADS['participant-joined'],
    ParticipantLeftPayload: ROOM_EVENT_PAYLOADS['participant-left'],
    MessageExpiredPayload: ROOM_EVENT_PAYLOADS['message-expired'],
  };
}

/** Further keys pass anyway. Said in the schema, they make an index signature, which the types of WebRTC do not fit. */
const withoutIndex = (schema: z.ZodObject): z.ZodObject => schema.strip().meta({ ...schema.meta() });

/** Drops what generators trip over: patterns beside formats, bounds of JavaScript, closed reply objects, and unions with null. */
const simplify: NonNullable<CreateDocumentOptions['override']> = ({ jsonSchema, io }) => {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  const [schema, other] = jsonSchema.anyOf ?? [];
  if (jsonSchema.anyOf?.length === 2 && typeof schema?.type === 'string' && other?.type === 'null') {
    delete jsonSchema.anyOf;
    Object.assign(jsonSchema, schema, { type: [schema.type, 'null'] });
  }
};
