import { expect } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { OPERATIONS, type OperationId } from '../../src/http/operations/index.ts';
import { type Answer, expectConforms, readAnswer } from './conformance.ts';
import type { Sent } from './http.ts';
import { Member } from './member.ts';

/** The used part of `fetch`. */
type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string },
) => Promise<Response>;

/** A member on `fetch`: connections are kept alive, and a lost one rejects. Responses must be as documented. */
export class FetchMember extends Member {
  /** Overridden by members whose requests take another route. */
  protected readonly fetch: Fetch = fetch;

  override async call(id: OperationId, sent: Sent = {}, participantId = this.id): Promise<Answer> {
    const path = OPERATIONS[id].path.replace('{roomId}', this.roomId).replace('{participantId}', participantId);
    return fetchAnswer(String(this.target), id, path, { token: this.token, ...sent }, this.fetch);
  }
}

export async function fetchAnswer(
  url: string,
  id: OperationId,
  path: string,
  { query, body, token, headers }: Sent,
  send: Fetch = fetch,
): Promise<Answer> {
  const response = await send(`${url}${path}${query === undefined ? '' : `?${queryText(query)}`}`, {
    method: OPERATIONS[id].method,
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await readAnswer(response);
  expectConforms(id, answer);
  return answer;
}

function queryText(query: NonNullable<Sent['query']>): string {
  if (typeof query === 'string') return query;
  const texts = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(texts).toString();
}

/** Without it, the repeated requests of a test take the CPU time that a server needs to start. */
const RETRY_EVERY_MS = 50;

/** Repeats the request, as a client does, until a reply arrives. */
export async function untilAnswered<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      await pause(RETRY_EVERY_MS);
    }
  }
}

/** Whether `fetch` failed without a complete reply. The error is of another realm, so `instanceof` does not work. */
function isLostConnection(error: unknown): boolean {
  const code = (error as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET';
}

export const UNAVAILABLE = {
  status: 503,
  headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
  body: { code: 'storage-unavailable', retryable: true },
};

/** Retries as a client does while the store is unavailable: on a busy machine Redis may not respond for a moment. */
export async function untilServed(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    expect(answer).toMatchObject(UNAVAILABLE);
    await pause(Number(answer.headers['retry-after']) * 100);
  }
}
