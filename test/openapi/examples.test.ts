import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { describedRows, OPERATIONS, operationRows } from '../../src/http/operations/index.ts';
import { problemsOf } from '../../src/http/operations/operation.ts';
import { PROBLEM_CODES, problem, requestSchemas } from '../../src/wire/index.ts';
import { DEFAULT_BOUNDS } from '../support/bounds.ts';
import { documentedResponse } from '../support/documented-responses.ts';

type Components = Record<string, { properties: Record<string, { examples: unknown[] }> }>;

const schemas = requestSchemas(DEFAULT_BOUNDS);
const successes = describedRows().flatMap(([id, { success }]) =>
  success.status === 204 || success.status === 101
    ? []
    : [{ id, status: success.status, schema: success.schema, example: success.example }],
);
const bodies = operationRows().flatMap(([id, { body }]) => (body ? [{ id, body }] : []));

describe('the example of a reply', () => {
  test.each(successes)('of $id fits the document to the last field', ({ id, status, example }) => {
    const validate = documentedResponse(id, status)?.validate;
    expect(validate?.(example)).toBe(true);
  });

  test.each(successes)('of $id fits its schema', ({ schema, example }) => {
    expect(schema.safeParse(example).error).toBeUndefined();
  });
});

describe('the example of a request', () => {
  test.each(bodies)('of $id is accepted', ({ body }) => {
    expect(schemas[body.schema].safeParse(body.example).error).toBeUndefined();
  });

  test('a body that is optional may be empty', () => {
    const optional = bodies.filter(({ body }) => !body.required);
    expect(optional.map(({ id }) => id)).toEqual(['pollMessages', 'joinRoom', 'leaveRoomByPost']);
    expect(optional.filter(({ body }) => !schemas[body.schema].safeParse({}).success)).toEqual([]);
  });
});

test('the examples of each field of a request are accepted there', () => {
  const components = openApiDocument({ bounds: DEFAULT_BOUNDS, version: '0.0.0' }).components?.schemas as Components;
  const { joinRoom, leaveRoomByPost, sendMessage, pollMessages, acknowledgeMessages } = schemas;
  const envelopes = [joinRoom, leaveRoomByPost, sendMessage, pollMessages, acknowledgeMessages];
  const refused = envelopes.flatMap((envelope) => {
    const fields = Object.entries<z.ZodType>(envelope.shape);
    const documented = components[envelope.meta()?.id ?? '']?.properties ?? {};
    expect(fields.map(([name]) => name)).toEqual(Object.keys(documented));
    return fields.filter(([name, field]) =>
      documented[name]?.examples.some((value) => !field.safeParse(value).success),
    );
  });
  expect(refused.map(([name]) => name)).toEqual([]);
});

test('every problem code except method-not-allowed is documented by an operation', () => {
  const documented = new Set(operationRows().flatMap(([, operation]) => problemsOf(operation)));
  const missing = Object.keys(PROBLEM_CODES).filter((code) => !documented.has(code as keyof typeof PROBLEM_CODES));
  expect(missing).toEqual(['method-not-allowed']);
});

test('exactly 429, 500 and 503 are retryable', () => {
  const retryable = Object.values(PROBLEM_CODES).filter(
    (kind) => kind.retryable !== [429, 500, 503].includes(kind.status),
  );
  expect(retryable).toEqual([]);
});

test('the schema of a problem accepts all fields of the contract', () => {
  const named = [
    'type',
    'title',
    'status',
    'detail',
    'code',
    'retryable',
    'requestId',
    'errors',
    'reason',
    'resetCursor',
  ];
  expect(Object.keys(problem.shape)).toEqual(named);
  expect(Object.keys(OPERATIONS)).toContain('getProblemPage');
});
