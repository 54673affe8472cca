import { expect } from '@jest/globals';
import type { Express } from 'express';
import supertest from 'supertest';
import { OPERATIONS, type OperationId } from '../../src/http/operations/index.ts';
import { PROBLEM_CODES, type Problem, type ProblemCode } from '../../src/wire/index.ts';
import { type Answer, answerOf, expectConforms } from './conformance.ts';

/** The app itself, or the address of a listening server. */
export type Target = Express | string;

export interface Sent {
  /** The query string without `?`, or its parameters. */
  readonly query?: string | Readonly<Record<string, string | number>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged, as `application/json` unless `headers` override it. */
  readonly text?: string | Buffer;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Place {
  readonly roomId?: string;
  readonly participantId?: string;
  readonly code?: string;
}

/** Calls an operation, by its own method or another; the response must be as documented. */
export async function call(
  target: Target,
  id: OperationId,
  place: Place,
  sent: Sent = {},
  method: string = OPERATIONS[id].method,
): Promise<Answer> {
  const answer = await exchange(target, method, pathOf(OPERATIONS[id].path, place), sent);
  expectConforms(id, answer);
  return answer;
}

function pathOf(template: string, place: Place): string {
  const values: Readonly<Record<string, string | undefined>> = { ...place };
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

/** Sends any request, without checking the response. */
export async function exchange(target: Target, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const query = typeof sent.query === 'object' ? String(new URLSearchParams(textOf(sent.query))) : sent.query;
  const agent = supertest(target);
  const url = query === undefined ? path : `${path}?${query}`;
  const request = agent[method.toLowerCase() as 'get'](url)
    .set(headersOf(sent))
    .buffer(true)
    .parse(asText)
    // Without this, superagent would encode the bytes as JSON.
    .serialize((bytes: string) => bytes);
  const text = sent.text ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
  const response = await (text === undefined ? request : request.send(text));
  return answerOf({
    status: response.status,
    headers: response.headers,
    text: bodyOf(response),
  });
}

const textOf = (query: Readonly<Record<string, string | number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));

function headersOf({ body, text, token, headers }: Sent): Record<string, string> {
  const hasBody = body !== undefined || text !== undefined;
  return {
    ...(hasBody && { 'Content-Type': 'application/json' }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...headers,
  };
}

const bodyOf = ({ body }: { body: unknown }): string => (typeof body === 'string' ? body : '');

function asText(response: NodeJS.EventEmitter, done: (error: Error | null, text: string) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks).toString('utf8')));
}

/** Expects a problem with this code; `call` checks its status, title, `retryable` and form. */
export function problemOf(answer: Answer, code: ProblemCode): Problem {
  expect(answer.body).toMatchObject({ code });
  expect(answer.status).toBe(PROBLEM_CODES[code].status);
  return answer.body as Problem;
}

/** The pointers of an invalid-request. */
export const pointersOf = (answer: Answer): string[] =>
  (problemOf(answer, 'invalid-request').errors ?? []).map(({ pointer }) => pointer);
