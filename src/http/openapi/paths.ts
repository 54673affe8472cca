import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { idempotencyKey, participantId, PROBLEM_CODES, type RequestSchemas, roomId } from '../../wire/index.ts';
import { type Body, type Operation, describedRows, type Security } from '../operations/index.ts';
import { problemsOf, type Tag } from '../operations/operation.ts';
import { COMMON_HEADERS, headerRefs, type ResponseHeader } from './headers.ts';
import { problemResponses } from './problems.ts';

const DESCRIPTIONS: Record<Tag, string> = {
  rooms: 'Joining, leaving, rosters and rooms.',
  messages: 'Sending, polling and acknowledging.',
  operations: 'For operators, and pages for people.',
};

/** Tags in document order. */
export const TAGS = Object.entries(DESCRIPTIONS).map(([name, description]) => ({ name, description }));

type Paths = Record<string, Partial<Record<Lowercase<Operation['method']>, ZodOpenApiOperationObject>>>;

/** The rows of the table of operations, tag by tag. */
export function pathsOf(schemas: RequestSchemas): Paths {
  const paths: Paths = {};
  const rows = TAGS.flatMap(({ name }) => describedRows().filter(([, { tag }]) => tag === name));
  for (const [operationId, operation] of rows) {
    const method = operation.method.toLowerCase() as Lowercase<Operation['method']>;
    paths[operation.path] = { ...paths[operation.path], [method]: describe(operationId, operation, schemas) };
  }
  return paths;
}

const SECURITY: Record<Security, Record<string, string[]>[]> = {
  participant: [{ bearer: [] }],
  'participant-or-hello': [{}, { bearer: [] }],
  'participant-or-api-key': [{ bearer: [] }],
  'self-or-api-key': [{ bearer: [] }],
  'api-key': [{ bearer: [] }],
  join: [{}, { bearer: [] }],
  public: [],
};

function describe(operationId: string, operation: Operation, schemas: RequestSchemas): ZodOpenApiOperationObject {
  const { tag, summary, description, security, success, body } = operation;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    security: SECURITY[security],
    requestParams: parametersOf(operation, schemas),
    ...(body && { requestBody: bodyOf(body, schemas) }),
    responses: { [String(success.status)]: successOf(operation), ...problemResponses(problemsOf(operation)) },
  };
}

type Fields = Record<string, z.ZodType>;

function parametersOf(operation: Operation, schemas: RequestSchemas) {
  const path = pathParametersOf(operation);
  const header = requestHeadersOf(operation);
  const { query } = operation;
  return {
    ...(Object.keys(path).length > 0 && { path: z.object(path) }),
    // A query is text, but is described with numbers, like a body.
    ...(query !== undefined && { query: z.object(schemas[query].shape) }),
    ...(Object.keys(header).length > 0 && { header: z.object(header) }),
  };
}

const PATH_PARAMETERS: Fields = {
  roomId,
  participantId,
  code: z.string().meta({ description: `One of ${Object.keys(PROBLEM_CODES).join(', ')}.`, examples: ['room-full'] }),
};

const pathParametersOf = ({ path }: Operation): Fields =>
  Object.fromEntries(Object.entries(PATH_PARAMETERS).filter(([name]) => path.includes(`{${name}}`)));

const METHOD_OVERRIDE = z
  .enum(['DELETE'])
  .optional()
  .meta({ description: 'Only with POST, for networks where a proxy refuses DELETE.', examples: ['DELETE'] });

function requestHeadersOf({ method, isIdempotent, idempotencyNote }: Operation): Fields {
  const { description = '' } = idempotencyKey;
  const note = idempotencyNote === undefined ? description : `${description} ${idempotencyNote}`;
  return {
    ...(isIdempotent === true && {
      'Idempotency-Key': idempotencyKey.optional().meta({ ...idempotencyKey.meta(), description: note }),
    }),
    ...(method === 'DELETE' && { 'X-HTTP-Method-Override': METHOD_OVERRIDE }),
  };
}

const bodyOf = ({ schema, required, example }: Body, schemas: RequestSchemas) => ({
  required,
  content: { 'application/json': { schema: schemas[schema], example } },
});

function successOf({ success, isPoll, isIdempotent }: Operation) {
  const { status, description } = success;
  if (status === 204 || status === 101) return { description, headers: headerRefs(COMMON_HEADERS) };
  const { mediaType = 'application/json', schema, example } = success;
  const headers: ResponseHeader[] = [
    ...COMMON_HEADERS,
    ...(isIdempotent === true ? (['Idempotency-Replayed'] as const) : []),
    ...(isPoll === true ? (['X-Accel-Buffering'] as const) : []),
  ];
  return { description, headers: headerRefs(headers), content: { [mediaType]: { schema, example } } };
}
