import { setTimeout as pause } from 'node:timers/promises';
import type { HttpClient, Method } from '../load/http-client.ts';
import { cuttablePoll, type JsonReply, type JsonRequest, requestJson } from '../load/json-client.ts';

const JOINS_PER_SECOND = 40;
const ABORTS_PER_SECOND = 20;
const MESSAGES_PER_SECOND = 5;
const RETRY_AFTER_MS = 100;

/** Counts of the load, and the failures that well-behaved clients saw. */
export interface SoakTally {
  joins: number;
  aborted: number;
  delivered: number;
  readonly errors: string[];
}

/** Dependencies of each part of the load. */
export interface LoadContext {
  readonly http: HttpClient;
  readonly tally: SoakTally;
  readonly signal: AbortSignal;
}

/** Starts a task `perSecond` times a second until the signal. A task that throws does not end the load. */
async function repeat(perSecond: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  const pending = new Set<Promise<void>>();
  while (!signal.aborted) {
    const started = task()
      .catch(() => undefined)
      .finally(() => pending.delete(started));
    pending.add(started);
    await pause(1_000 / perSecond);
  }
  await Promise.all(pending);
}

/** Retries while the server is away or calls the problem retryable, like a real client. */
async function retried(http: HttpClient, method: Method, path: string, request: JsonRequest): Promise<JsonReply> {
  for (;;) {
    const reply = await requestJson(http, method, path, request).catch(() => undefined);
    if (reply !== undefined && reply.body.retryable !== true) return reply;
    await pause(RETRY_AFTER_MS);
  }
}

let rooms = 0;

/** Joins whose participants never return. */
export const abandonedJoins = ({ http, tally, signal }: LoadContext): Promise<void> =>
  repeat(JOINS_PER_SECOND, signal, async () => {
    const path = `/v1/rooms/abandoned-${(rooms += 1)}/participants`;
    const { status } = await requestJson(http, 'POST', path, { body: {} });
    if (status === 201) tally.joins += 1;
    else if (status !== 503) tally.errors.push(`a join got status ${status}`);
  });

/** Polls whose clients close their connections while they are held. */
export const abortedPolls = ({ http, tally, signal }: LoadContext): Promise<void> =>
  repeat(ABORTS_PER_SECOND, signal, async () => {
    const path = `/v1/rooms/aborted-${(rooms += 1)}`;
    const { body } = await requestJson(http, 'POST', `${path}/participants`, { body: {} });
    const poll = cuttablePoll(http, `${path}/messages?wait=50`, String(body.token));
    const ended = poll.reply.catch(() => undefined);
    await pause(Math.random() * 500);
    poll.cut();
    await ended;
    tally.aborted += 1;
  });

/**
 * Runs two participants that count: each number that one sends reaches the other once and in order, whatever happens to
 * the server.
 */
export async function countingPair(context: LoadContext, room: string): Promise<void> {
  const { http, signal, tally } = context;
  const path = `/v1/rooms/${room}`;
  const join = (participantId: string) =>
    retried(http, 'POST', `${path}/participants`, { body: { participantId, idleTimeoutSeconds: 120 } });
  const [alice, bob] = [await join('alice'), await join('bob')];
  let sent = 0;
  const send = async (): Promise<void> => {
    while (!signal.aborted) {
      const body = { to: 'bob', type: 'custom', payload: sent };
      const request = { token: String(alice.body.token), body, idempotencyKey: `number-${sent}` };
      const { status } = await retried(http, 'POST', `${path}/messages`, request);
      if (status !== 201) tally.errors.push(`${room}: a send got status ${status}`);
      sent += 1;
      await pause(1_000 / MESSAGES_PER_SECOND);
    }
  };
  const isComplete = (received: number): boolean => signal.aborted && received >= sent;
  await Promise.all([send(), receiveNumbers(context, path, String(bob.body.token), isComplete)]);
  for (const { body } of [alice, bob]) {
    const own = `${path}/participants/${String(body.participantId)}`;
    await retried(http, 'DELETE', own, { token: String(body.token) });
  }
}

async function receiveNumbers(
  { http, tally }: LoadContext,
  room: string,
  token: string,
  isComplete: (received: number) => boolean,
): Promise<void> {
  const seen = new Set<string>();
  let after: string | undefined;
  while (!isComplete(seen.size)) {
    const request = { token, body: { wait: 5, ...(after !== undefined && { after }) } };
    const { status, body } = await retried(http, 'POST', `${room}/messages/poll`, request);
    if (status !== 200) {
      tally.errors.push(`${room}: a poll got status ${status} ${String(body.code)}`);
      return;
    }
    after = String(body.cursor);
    for (const { id, type, payload } of body.messages as { id: string; type: string; payload?: unknown }[]) {
      if (type !== 'custom' || seen.has(id)) continue;
      if (payload !== seen.size) tally.errors.push(`${room}: received ${String(payload)} instead of ${seen.size}`);
      seen.add(id);
      tally.delivered += 1;
    }
  }
}
