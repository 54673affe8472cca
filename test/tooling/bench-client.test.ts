import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { HttpClient, type Cuttable, type Method } from '../../bench/load/http-client.ts';
import type { Reply } from '../../bench/load/reply.ts';
import { candidate, description, type Outgoing } from '../../bench/load/message.ts';
import { Endpoint, FOUND_AFTER_MS } from '../../bench/load/pair.ts';
import { holdlineFull } from '../../bench/systems/holdline.ts';
import { joinRoom, type FetchLike, type OutgoingMessage } from '../../src/client/index.ts';

const ROUND_TRIP_MS = 3;
const OFFERED_AFTER_MS = 5;

interface Asked {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: unknown;
}

/** Answers like the service to a participant who is called, and records the requests. */
class RecordingService {
  readonly asked: Asked[] = [];
  readonly #startedMs = Date.now();
  readonly #left = Promise.withResolvers<[number, unknown]>();
  #polls = 0;

  async answer(method: string, path: string, headers: readonly string[], text: string): Promise<[number, unknown]> {
    const atMs = Date.now() - this.#startedMs;
    this.asked.push({
      atMs,
      method,
      path,
      headers: headers.map((name) => name.toLowerCase()).sort(),
      body: read(text),
    });
    if (path.endsWith('/poll')) return this.#poll();
    await after(ROUND_TRIP_MS);
    if (path.endsWith('/participants')) return [201, JOINED];
    if (path.endsWith('/batch')) return [201, { receipts: [] }];
    if (path.endsWith('/leave')) this.#left.resolve([410, { code: 'participant-gone' }]);
    return [204, ''];
  }

  /** The first poll brings the offer; the second one is held until the participant leaves. */
  async #poll(): Promise<[number, unknown]> {
    this.#polls += 1;
    if (this.#polls > 1) return this.#left.promise;
    await after(OFFERED_AFTER_MS);
    return [200, OFFERED];
  }
}

const LIMITS = { defaultWaitSeconds: 25, defaultTtlSeconds: 120, idleTimeoutSeconds: 60, maxSendBatch: 32 };
const JOINED = {
  ...{ roomId: 'room', participantId: 'me', token: 'token', cursor: 'c0', resumed: false },
  ...{ participants: [], iceServers: [], limits: LIMITS },
};
const OFFERED = {
  messages: [{ id: 'm1', from: 'other', ageMs: 1, ...description('offer') }],
  ...{ cursor: 'c1', more: false, expired: 0 },
};

/** Random ids differ in every run. */
const read = (text: string): unknown =>
  JSON.parse(text, (key, value: unknown) => (/^(callId|offerId)$/.test(key) ? typeof value : value));

const after = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/** What a participant who is called does: answers, sends candidates as they are found, and leaves. */
async function takeCall(send: (message: Outgoing) => unknown, leave: () => Promise<unknown>): Promise<void> {
  await pass(OFFERED_AFTER_MS);
  void send(description('answer'));
  let passedMs = 0;
  for (const [index, foundMs] of FOUND_AFTER_MS.entries()) {
    await pass(foundMs - passedMs);
    passedMs = foundMs;
    void send(candidate(index + 1));
  }
  await pass(100);
  const leaving = leave();
  await pass(100);
  await leaving;
}

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

async function requestsOfClient(): Promise<readonly Asked[]> {
  const service = new RecordingService();
  const fetch: FetchLike = async (url, { method, headers, body }) => {
    const [status, answer] = await service.answer(method, new URL(url).pathname, Object.keys(headers), body ?? '');
    return { status, headers: new Headers(), text: () => Promise.resolve(answer === '' ? '' : JSON.stringify(answer)) };
  };
  const joining = joinRoom({ baseUrl: 'http://service', roomId: 'room', fetch });
  await pass(ROUND_TRIP_MS);
  const mailbox = await joining;
  mailbox.on('message', () => undefined);
  const toOther = ({ type, payload }: Outgoing): OutgoingMessage => {
    const offerId = type !== 'candidate' && { offerId: 'o1' };
    return { type, payload: { ...payload, ...offerId }, to: 'other', callId: 'call' } as OutgoingMessage;
  };
  await takeCall(
    (message) => mailbox.send(toOther(message)),
    () => mailbox.leave(),
  );
  return service.asked;
}

/** The HTTP client of the bench, without a network. */
class RecordedHttp extends HttpClient {
  readonly #service: RecordingService;

  constructor(service: RecordingService) {
    super();
    this.#service = service;
  }

  override async request(method: Method, path: string, headers = '', body = ''): Promise<Reply> {
    const names = headers.split('\r\n').map((line) => line.slice(0, line.indexOf(':')));
    // All participants of the bench have one address; this header stands for addresses of their own.
    const own = names.filter((name) => name !== '' && name !== 'X-Forwarded-For');
    const [status, answer] = await this.#service.answer(method, path, own, body);
    return { status, headers: '', body: JSON.stringify(answer) };
  }

  override cuttable(method: Method, path: string, headers?: string, body?: string): Cuttable {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const reply = Promise.race([this.request(method, path, headers, body), promise]);
    return { reply, cut: () => resolve(undefined) };
  }
}

async function requestsOfBench(): Promise<readonly Asked[]> {
  const service = new RecordingService();
  const joining = holdlineFull.joinAsOwnClient?.(new RecordedHttp(service), 'room');
  await pass(ROUND_TRIP_MS);
  const participant = await joining;
  if (participant === undefined) throw new Error('the bench has no client of Holdline');
  const endpoint = new Endpoint(participant);
  await takeCall(
    (message) => participant.send('other', message),
    () => endpoint.close(),
  );
  return service.asked;
}

test('the bench makes the requests of holdline/client, with the same messages, headers and times', async () => {
  const requests = await requestsOfClient();
  expect(await requestsOfBench()).toEqual(requests);
  expect(requests.map(({ path }) => path.slice('/v1/rooms/room'.length))).toEqual([
    ...['/participants', '/messages/poll', '/messages/poll', '/messages/batch', '/messages/batch'],
    '/participants/me/leave',
  ]);
});
