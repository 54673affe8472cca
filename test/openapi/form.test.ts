import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApi30, openApiDocument } from '../../src/http/openapi/document.ts';
import { describedRows } from '../../src/http/operations/index.ts';
import { requestSchemas } from '../../src/wire/index.ts';
import { DEFAULT_BOUNDS } from '../support/bounds.ts';

type Json = { readonly [key: string]: Json } | readonly Json[] | string | number | boolean | null;
type JsonObject = Readonly<Record<string, Json>>;
type Response = { readonly content?: Record<string, JsonObject>; readonly $ref?: string };
type Operation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly JsonObject[];
  readonly requestBody?: { readonly content: Record<string, JsonObject> };
  readonly responses: Record<string, Response>;
};
type Document = {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, JsonObject>;
    readonly responses: Record<string, Response>;
    readonly headers: Record<string, JsonObject>;
  };
};

const built = openApiDocument({ bounds: DEFAULT_BOUNDS, version: '0.0.0' });
const plain = (document: object) => JSON.parse(JSON.stringify(document)) as Document;
const document = plain(built);
const older = plain(openApi30(built));

const operationsOf = ({ paths }: Document) => Object.values(paths).flatMap((path) => Object.values(path));
const operations = operationsOf(document);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every object in the document with its path, examples left out: those hold data, not description. */
function* objects(value: Json, path = ''): Generator<readonly [string, JsonObject]> {
  if (typeof value !== 'object' || value === null) return;
  if (isObject(value)) yield [path, value];
  for (const [key, child] of Object.entries(value)) {
    if (key !== 'example' && key !== 'examples') yield* objects(child, `${path}/${key}`);
  }
}

const all = [...objects(document)];
const offenders = (wrong: (value: JsonObject, path: string) => boolean) =>
  all.filter(([path, value]) => wrong(value, path)).map(([path]) => path);

describe('every operation of the document', () => {
  test('is a row of the table, under a lower camel name', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(names.toSorted()).toEqual(
      describedRows()
        .map(([id]) => id)
        .toSorted(),
    );
    expect(names.filter((name) => !/^[a-z][A-Za-z0-9]*$/.test(name))).toEqual([]);
  });

  test.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s has one tag, words, one success with one media type, and a typed default error',
    (_, { tags, summary, description, responses }) => {
      expect(tags).toHaveLength(1);
      expect(summary && description).toBeTruthy();
      const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      expect(successes).toHaveLength(1);
      expect(Object.keys(successes[0]?.[1].content ?? {})).toHaveLength(successes[0]?.[0] === '204' ? 0 : 1);
      expect(responses.default).toEqual({ $ref: '#/components/responses/AnyProblem' });
    },
  );

  test('has an example of each body', () => {
    const bodies = operations.flatMap(({ requestBody, responses }) => [
      ...Object.values(requestBody?.content ?? {}),
      ...Object.values(responses).flatMap(({ content }) => Object.values(content ?? {})),
    ]);
    const problems = Object.values(document.components.responses).flatMap(({ content }) =>
      Object.values(content ?? {}),
    );
    expect([...bodies, ...problems].filter((media) => !('example' in media) && !('examples' in media))).toEqual([]);
  });
});

describe('the document avoids what breaks generators', () => {
  test('no pattern beside a format', () => {
    expect(offenders((value) => 'pattern' in value && 'format' in value)).toEqual([]);
  });

  test('no union, no constant, and no type list but one type or null', () => {
    const banned = ['oneOf', 'anyOf', 'allOf', 'not', 'const', '$defs', 'propertyNames', 'prefixItems', 'nullable'];
    expect(offenders((value) => banned.some((key) => key in value))).toEqual([]);
    const lists = offenders(({ type }) => Array.isArray(type) && !(type.length === 2 && type[1] === 'null'));
    expect(lists).toEqual([]);
  });

  test('no bound that only JavaScript has', () => {
    expect(offenders(({ maximum }) => typeof maximum === 'number' && maximum > 2 ** 31)).toEqual([]);
  });

  test('no default, which some generators turn into a field that must be sent', () => {
    expect(offenders((value, path) => 'default' in value && !path.endsWith('/responses'))).toEqual([]);
  });

  test('requests are closed, and replies open to later fields', () => {
    const schemas = Object.entries(document.components.schemas);
    const closed = schemas.filter(([, schema]) => schema.additionalProperties === false).map(([name]) => name);
    expect(closed).toEqual(schemas.map(([name]) => name).filter((name) => name.endsWith('Request')));
    expect(closed).toHaveLength(6);
  });

  test('only requests and SDP types have enumerations, since replies may get new values', () => {
    const paths = offenders((value) => 'enum' in value);
    const allowed = /\/SendRequest\/|\/parameters\/|\/(Offer|Answer)Payload\/properties\/type$/;
    expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
  });
});

test('every field, parameter and component has a description and an example', () => {
  const described = offenders(
    (value, path) => /\/(properties|schemas|parameters|headers)\/[^/]+$/.test(path) && isSilent(value),
  );
  expect(described).toEqual([]);
});

function isSilent(value: JsonObject): boolean {
  if ('$ref' in value) return false;
  const isLeaf = 'type' in value && value.type !== 'array' && value.type !== 'object';
  return !value.description || (isLeaf && !('examples' in value) && !('example' in value));
}

test('every component is used, except for payload schemas, which give generated clients their types', () => {
  const used = new Set(all.flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : [])));
  const { schemas, responses, headers } = document.components;
  const kinds = Object.entries({ schemas, responses, headers });
  const names = kinds.flatMap(([kind, components]) => Object.keys(components).map((name) => `${kind}/${name}`));
  const unused = names.filter((name) => !used.has(`#/components/${name}`));
  expect(unused.filter((name) => !name.endsWith('Payload'))).toEqual([]);
});

describe('payloads have schemas', () => {
  const payloads = Object.entries(document.components.schemas).filter(([name]) => name.endsWith('Payload'));
  const SENT = ['OfferPayload', 'AnswerPayload', 'CandidatePayload', 'CallEndPayload'];
  const WRITTEN_BY_THE_SERVER = ['ParticipantJoinedPayload', 'ParticipantLeftPayload', 'MessageExpiredPayload'];

  test('under these names, and open to further keys', () => {
    expect(payloads.map(([name]) => name)).toEqual([...SENT, ...WRITTEN_BY_THE_SERVER]);
    expect(payloads.filter(([, schema]) => 'additionalProperties' in schema)).toEqual([]);
  });

  test('which the `payload` of a message names, by the type of the message', () => {
    const describes = (schema: string) => JSON.stringify(document.components.schemas[schema]?.properties);
    for (const name of SENT) expect(describes('SendRequest')).toContain(`\`${name}\``);
    for (const name of WRITTEN_BY_THE_SERVER) expect(describes('ReceivedMessage')).toContain(`\`${name}\``);
  });

  test.each<[string, Json, boolean]>([
    ['OfferPayload', { type: 'offer', sdp: 'v=0', extra: 1 }, true],
    ['OfferPayload', { type: 'answer', sdp: 'v=0' }, false],
    ['OfferPayload', { type: 'offer', sdp: 'x' }, false],
    ['AnswerPayload', { type: 'pranswer', sdp: 'v=0' }, true],
    ['CandidatePayload', { candidate: '', sdpMid: null, sdpMLineIndex: null, usernameFragment: null }, true],
    ['CandidatePayload', { candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1 }, true],
    ['CandidatePayload', { candidate: '', sdpMLineIndex: -2 }, false],
    ['CandidatePayload', { candidate: null }, false],
    ['CallEndPayload', {}, true],
    ['CallEndPayload', { reason: 'moon phase' }, true],
    ['CallEndPayload', { reason: 1 }, false],
  ])('%s judges %j as the server does', (name, payload, accepted) => {
    const type = { OfferPayload: 'offer', AnswerPayload: 'answer', CandidatePayload: 'candidate' }[name] ?? 'hangup';
    const schema = document.components.schemas[name];
    expect(new Ajv2020().compile(schema ?? false)(payload)).toBe(accepted);
    expect(requestSchemas(DEFAULT_BOUNDS).sendMessage.safeParse({ type, payload }).success).toBe(accepted);
  });

  test('which list the known reasons of an end', () => {
    const reasons = ['declined_elsewhere', 'caller_gone', 'replaced', 'unknown_call'];
    const text = JSON.stringify(document.components.schemas.CallEndPayload);
    expect(reasons.filter((reason) => !text.includes(`\`${reason}\``))).toEqual([]);
  });
});

describe('the OpenAPI 3.0 document', () => {
  test('says `nullable` where 3.1 lists null among the types', () => {
    expect(older.components.schemas.CandidatePayload).toMatchObject({
      properties: { sdpMLineIndex: { type: 'integer', nullable: true, minimum: -1, maximum: 65_535 } },
    });
    expect([...objects(older as unknown as Json)].filter(([, value]) => Array.isArray(value.type))).toEqual([]);
  });

  test('has the same operations with the same responses', () => {
    const outline = (from: Document) =>
      operationsOf(from).map(({ operationId, responses }) => [operationId, Object.keys(responses)]);
    expect(older.openapi).toBe('3.0.3');
    expect(outline(older)).toEqual(outline(document));
  });

  test('has one example where 3.1 has a list', () => {
    const lists = [...objects(older as unknown as Json)].filter(([, value]) => Array.isArray(value.examples));
    expect(lists).toEqual([]);
    expect(older.components.schemas.Problem).toMatchObject({
      properties: { status: { example: 400 } },
    });
  });
});

test('the bounds of the server that serves it are in the document', () => {
  const bounds = {
    ...DEFAULT_BOUNDS,
    maxTtlSeconds: 7,
    maxIdleTimeoutSeconds: 300,
    defaultWaitSeconds: 9,
    maxWaitSeconds: 11,
  };
  const { schemas } = plain(openApiDocument({ bounds, version: '0.0.0' })).components;
  expect(schemas.SendRequest).toMatchObject({ properties: { ttlSeconds: { minimum: 1, maximum: 7 } } });
  expect(schemas.JoinRequest).toMatchObject({ properties: { idleTimeoutSeconds: { minimum: 1, maximum: 300 } } });
  expect(JSON.stringify(schemas.PollRequest)).toMatch(/9 when omitted; 0 answers at once; above 11 counts as 11/);
});
