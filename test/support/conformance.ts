import { expect } from '@jest/globals';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { OPERATIONS, type Operation, type OperationId } from '../../src/http/operations/index.ts';
import { problemsOf } from '../../src/http/operations/operation.ts';
import { type Problem, PROBLEM_CODES, type ProblemCode } from '../../src/wire/index.ts';
import { type DocumentedResponse, documentedResponse, validateProblem } from './documented-responses.ts';

/** A response with lower-case header names and a parsed body if it is JSON. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
};

/** The document must describe the response for this operation: status, headers, media type, and every body field. */
export function expectConforms(operationId: OperationId, answer: Answer): void {
  expect(mismatches(operationId, answer)).toEqual([]);
}

/** For responses outside any operation, such as an unknown path. `status`: if it is not the usual one of the code. */
export function expectProblem(answer: Answer, code: ProblemCode, status: number = PROBLEM_CODES[code].status): void {
  const found = [
    ...(answer.status === status ? [] : [`status is ${answer.status} instead of ${status}`]),
    ...(mediaTypeOf(answer) === 'application/problem+json' ? [] : [`media type is ${String(mediaTypeOf(answer))}`]),
    ...faultsOfBody(validateProblem, answer),
    ...faultsOfEnvelope(answer),
    ...(codeOf(answer) === code
      ? faultsOfProblem(answer, status)
      : [`code is ${String(codeOf(answer))} instead of ${code}`]),
  ];
  expect(found).toEqual([]);
}

/** Converts a response of supertest. */
export function answerOf(response: { status: number; headers: Record<string, string>; text?: string }): Answer {
  return answer(response.status, response.headers, response.text ?? '');
}

/** Converts a response of `fetch`. */
export async function readAnswer(response: Response): Promise<Answer> {
  return answer(response.status, Object.fromEntries(response.headers), await response.text());
}

function answer(status: number, headers: Record<string, string>, text: string): Answer {
  const isJson = /^application\/([a-z]+\+)?json\b/.test(headers['content-type'] ?? '');
  return { status, headers, body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text };
}

/** All deviations of the response from the document; empty if it conforms. */
export function mismatches(operationId: OperationId, answer: Answer): string[] {
  const documented = documentedResponse(operationId, answer.status);
  if (!documented) return [`${operationId} does not document the status ${answer.status} (${String(codeOf(answer))})`];
  const operation: Operation = OPERATIONS[operationId];
  const isProblem = answer.status !== operation.success.status;
  const known = problemsOf(operation).some((code) => code === codeOf(answer));
  return [
    ...(mediaTypeOf(answer) === documented.mediaType ? [] : [`media type is ${String(mediaTypeOf(answer))}`]),
    ...faultsOfBody(documented.validate, answer),
    ...faultsOfHeaders(documented, answer),
    ...faultsOfEnvelope(answer),
    ...(isProblem && !known ? [`${operationId} does not document the code ${String(codeOf(answer))}`] : []),
    ...(isProblem && known ? [...faultsOfStatus(answer), ...faultsOfProblem(answer, answer.status)] : []),
  ];
}

const mediaTypeOf = ({ headers }: Answer) => headers['content-type']?.split(';')[0];

function codeOf({ body }: Answer): unknown {
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
}

function faultsOfBody(validate: ValidateFunction | undefined, { body }: Answer): string[] {
  if (!validate) return body === '' ? [] : ['a body where there is none'];
  return validate(body) ? [] : (validate.errors ?? []).map(inWords);
}

const inWords = ({ instancePath, message, params }: ErrorObject) =>
  `body${instancePath} ${String(message)} ${JSON.stringify(params)}`;

/** Headers that must be documented if they are sent. */
const MEANINGFUL = [
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'idempotency-replayed',
  'www-authenticate',
  'location',
  'set-cookie',
];

function faultsOfHeaders({ headers: documented }: DocumentedResponse, { headers }: Answer): string[] {
  const faults = MEANINGFUL.filter((name) => headers[name] !== undefined && !documented.has(name)).map(
    (name) => `header ${name} is not documented`,
  );
  for (const [name, { required, schema }] of documented) {
    const value = headers[name];
    if (value === undefined && required) faults.push(`header ${name} is missing`);
    if (value !== undefined && !isOfType(value, schema.type))
      faults.push(`header ${name} is not a ${schema.type}: ${value}`);
  }
  return faults;
}

function isOfType(value: string, type: string): boolean {
  if (type === 'integer') return /^\d+$/.test(value);
  return type === 'boolean' ? value === 'true' || value === 'false' : value !== '';
}

/** Rules for every response: not chunked, not cached, not conditional. */
function faultsOfEnvelope({ status, headers, body }: Answer): string[] {
  const faults: string[] = [];
  if (headers['cache-control'] !== 'no-store') faults.push(`cache-control is ${String(headers['cache-control'])}`);
  if (!headers['x-request-id']) faults.push('x-request-id is missing');
  if (headers['transfer-encoding'] !== undefined) faults.push('transfer-encoding is set');
  if (headers.etag !== undefined) faults.push('etag is set');
  if (status === 204 && body !== '') faults.push('a 204 has a body');
  if (status !== 204 && !/^\d+$/.test(headers['content-length'] ?? '')) faults.push('content-length is missing');
  return faults;
}

function faultsOfStatus(answer: Answer): string[] {
  const { status } = PROBLEM_CODES[codeOf(answer) as ProblemCode];
  return status === answer.status ? [] : [`status is ${answer.status}, but ${String(codeOf(answer))} has ${status}`];
}

/** Checks that a problem matches its code and its request. Its form must have been validated. */
function faultsOfProblem({ headers, body }: Answer, status: number): string[] {
  const problem = body as Problem;
  const { title, retryable } = PROBLEM_CODES[problem.code as ProblemCode];
  const faults: string[] = [];
  if (problem.status !== status) faults.push(`body/status is ${problem.status}`);
  if (problem.title !== title) faults.push(`body/title is not the one of ${problem.code}`);
  if (problem.retryable !== retryable) faults.push(`body/retryable is not the one of ${problem.code}`);
  if (!problem.type.endsWith(`/problems/${problem.code}`)) faults.push(`body/type is ${problem.type}`);
  if (problem.requestId !== headers['x-request-id']) faults.push('body/requestId is not the x-request-id');
  for (const { pointer } of problem.errors ?? []) {
    if (!/^\/(body|query|path|header)(\/|$)/.test(pointer)) faults.push(`body/errors has the pointer ${pointer}`);
  }
  return faults;
}
