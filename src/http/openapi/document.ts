import { stringify } from 'yaml';
import type { z } from 'zod';
import { createDocument, type CreateDocumentOptions } from 'zod-openapi';
import { MESSAGE_PAYLOADS, requestSchemas, ROOM_EVENT_PAYLOADS, type WireBounds } from '../../wire/index.ts';
import { GUIDE } from './guide.ts';
import { RESPONSE_HEADERS } from './headers.ts';
import { pathsOf, TAGS } from './paths.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** Returns the OpenAPI 3.1 document of this service. It uses only features that OpenAPI 3.0 also has. */
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

/** The same document for generators that only read OpenAPI 3.0. */
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
  // Many readers still use YAML 1.1, where an unquoted date is not text and `no` is false.
  return stringify(document, {
    compat: 'yaml-1.1',
    blockQuote: 'literal',
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: 1_000,
    aliasDuplicateObjects: false,
  });
}

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  description:
    "The `token` of the join result. Where the operator requires it, `joinRoom` takes an access token: a JWT of the app's backend, in " +
    'which `sub` is the participant, `room` the room or `*`, and `exp` the end of its validity (`exp` and `nbf` have 5 s of leeway). ' +
    'Its optional `name` and `metadata` take precedence over the body. ' +
    'Trusted servers send an API key to join on behalf of others, read rosters, remove participants, and list and close rooms.',
} as const;

/**
 * Schemas of payloads, by name. No operation refers to them, since a union in the envelope breaks several generators;
 * the description of `payload` names them.
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

/**
 * Payloads may have further keys, but declaring so generates an index signature, which the WebRTC types do not match.
 */
const withoutIndex = (schema: z.ZodObject): z.ZodObject => schema.strip().meta({ ...schema.meta() });

/**
 * Removes what breaks generators: patterns beside formats, JavaScript's integer bounds, closed replies, unions with
 * null.
 */
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
