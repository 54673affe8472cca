import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../src/http/operations/index.ts';
import type { JoinResult } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import { type Answer, readAnswer } from '../support/conformance.ts';
import { fetchAnswer, FetchMember } from '../support/fetch-member.ts';
import { closeServices, createService, type Service, startService } from '../support/holdline.ts';
import { problemOf, type Sent } from '../support/http.ts';
import { newRoom } from '../support/member.ts';

const BASE = 'http://in.process';

/** A member whose requests stay in the process. */
class InProcessMember extends FetchMember {
  protected override readonly fetch = service.holdline.fetch;
}

let url: string;
let service: Service;
let roomId: string;
let alice: InProcessMember;
let bob: InProcessMember;
beforeAll(async () => {
  ({ url, service } = await startService({ rateLimit: 'off' }));
});
afterAll(closeServices);
beforeEach(async () => {
  await enterBoth();
});

async function enterBoth(): Promise<void> {
  roomId = newRoom();
  [alice, bob] = [await enter('alice'), await enter('bob')];
  // Bob's arrival is no message that these tests are about.
  await alice.poll({ after: (await alice.poll()).cursor });
}

const holdlineFetch = (...given: Parameters<typeof fetch>): Promise<Response> => service.holdline.fetch(...given);

async function enter(participantId: string): Promise<InProcessMember> {
  const path = `/v1/rooms/${roomId}/participants`;
  const answer = await fetchAnswer(BASE, 'joinRoom', path, { body: { participantId } }, holdlineFetch);
  expect(answer.status).toBe(201);
  return new InProcessMember(BASE, answer.body as JoinResult);
}

/** A request of Alice that `holdline.fetch` takes as it is. */
const request = (path: string, body?: RequestInit['body']): [string, RequestInit] => [
  `${BASE}/v1/rooms/${roomId}${path}`,
  {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${alice.token}`, 'Content-Type': 'application/json' },
    ...(body !== undefined && { body, duplex: 'half' }),
  },
];

describe('a request in the process', () => {
  const VARYING = ['date', 'x-request-id', 'content-length', 'keep-alive'];
  const shapeOf = ({ status, headers, body }: Answer) => ({
    status,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !VARYING.includes(name))),
    fields: typeof body === 'object' && body !== null ? Object.keys(body) : body,
  });

  test.each<[string, OperationId, Sent]>([
    ['a send', 'sendMessage', { body: { to: 'bob', type: 'invite' } }],
    ['a batch', 'sendMessages', { body: { messages: [{ type: 'invite' }] } }],
    ['a faulty send', 'sendMessage', { body: { to: '', kind: 'invite' } }],
    ['a poll', 'receiveMessages', { query: { wait: 0 } }],
    ['a poll by POST', 'pollMessages', { body: { wait: 0 } }],
    ['an unreadable cursor', 'acknowledgeMessages', { body: { cursor: 'unreadable' } }],
    ['a roster', 'listParticipants', {}],
    ['a request without a valid token', 'listParticipants', { token: 'unknown' }],
    ['a refused override', 'sendMessage', { headers: { 'X-HTTP-Method-Override': 'PATCH' } }],
    ['a leave', 'leaveRoom', {}],
    ['a page', 'getDocsPage', {}],
  ])('gets the answer that it gets over the network: %s', async (_, id, sent) => {
    const overNetwork = await new FetchMember(url, alice.joined).call(id, {
      ...sent,
      headers: { ...sent.headers, Connection: 'keep-alive' },
    });
    const inProcess = await alice.call(id, sent);
    expect(shapeOf(inProcess)).toEqual(shapeOf(overNetwork));
  });

  test('takes a URL, and a Request whose members the second argument replaces', async () => {
    const [url, init] = request('/participants');
    for (const response of [
      await holdlineFetch(new URL(url), init),
      await holdlineFetch(new Request(url, init)),
      await holdlineFetch(new Request(url, { method: 'PUT' }), init),
    ]) {
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        participants: [{ participantId: 'alice' }, { participantId: 'bob' }],
      });
    }
  });

  test('takes bodies of every kind', async () => {
    const text = JSON.stringify({ to: 'bob', type: 'custom', payload: 'é' });
    for (const body of [text, new TextEncoder().encode(text), new Blob([text]), new Blob([text]).stream()]) {
      expect((await holdlineFetch(...request('/messages', body))).status).toBe(201);
    }
    const { messages } = await bob.poll();
    expect(messages.map(({ payload }) => payload)).toEqual(['é', 'é', 'é', 'é']);
  });

  test('may have as large a body as over the network, and no larger one', async () => {
    const payload = 'x'.repeat(60_000);
    await alice.sendAll(Array.from({ length: 8 }, () => ({ to: 'bob', type: 'custom', payload })));
    expect((await bob.poll()).messages).toHaveLength(4);
    problemOf(await alice.call('sendMessage', { body: { type: 'custom', payload: 'x'.repeat(70_000) } }), 'too-large');
    const endless = await holdlineFetch(...request('/messages', 'x'.repeat(20_000_000)));
    problemOf(await readAnswer(endless), 'too-large');
  });

  test('may carry the address of a client, as far as TRUST_PROXY allows', async () => {
    const { holdline } = await createService({ rateLimitJoinsPerMinute: 2, trustProxy: 1 });
    const statuses = (address: (n: number) => string): Promise<number[]> =>
      Promise.all(
        [1, 2, 3].map(async (n) => {
          const headers = { 'X-Forwarded-For': address(n) };
          const path = `${BASE}/v1/rooms/${newRoom()}/participants`;
          return (await holdline.fetch(path, { method: 'POST', headers })).status;
        }),
      );
    expect(await statuses((n) => `192.0.2.${n}`)).toEqual([201, 201, 201]);
    expect((await statuses(() => '198.51.100.1')).sort()).toEqual([201, 201, 429]);
  });

  test.each(['/v1/rooms/r/messages', 'r', '', 'ftp://in.process/', 'ws://in.process/', 'http://', 'data:,x'])(
    'is refused with a TypeError when its URL is no http(s) URL: "%s"',
    async (url) => {
      const error = `holdline.fetch takes an http:// or https:// URL, not "${url}"`;
      await expect(holdlineFetch(url)).rejects.toEqual(new TypeError(error));
    },
  );
});

describe('a poll in the process', () => {
  test('is held until a message arrives', async () => {
    const poll = await service.hold('bob', () => bob.poll({ wait: 10 }));
    const { recipients } = await alice.send({ to: 'bob', type: 'custom', payload: { a: 1 } });
    expect(recipients).toEqual([{ participantId: 'bob', listening: true }]);
    expect((await poll.ended).messages).toMatchObject([{ from: 'alice', payload: { a: 1 } }]);
  });

  test('is superseded by a newer one', async () => {
    const older = await service.hold('bob', () => bob.call('receiveMessages', { query: { wait: 10 } }));
    const newer = await service.hold('bob', () => bob.poll({ wait: 10 }));
    problemOf(await older.ended, 'poll-superseded');
    await alice.send({ to: 'bob', type: 'ringing' });
    expect((await newer.ended).messages).toMatchObject([{ type: 'ringing' }]);
  });

  test.each([
    ['of the second argument', (url: string, init: RequestInit) => holdlineFetch(url, init)],
    ['of a Request', (url: string, init: RequestInit) => holdlineFetch(new Request(url, init))],
  ])('is released when the signal aborts, and rejects with its reason: %s', async (_, send) => {
    const abort = new AbortController();
    const [url, init] = request('/messages?wait=20');
    const poll = await service.hold('alice', () => send(url, { ...init, signal: abort.signal }));
    const released = service.ending('alice');
    const reason = new Error('no longer needed');
    abort.abort(reason);
    await expect(poll.ended).rejects.toBe(reason);
    await released;
    expect(await heldPolls()).toBe(0);
  });

  test('does not begin when the signal is aborted', async () => {
    const held = await service.hold('alice', () => alice.call('receiveMessages', { query: { wait: 10 } }));
    const [url, init] = request('/messages?wait=0');
    const send = holdlineFetch(url, { ...init, signal: AbortSignal.abort() });
    await expect(send).rejects.toMatchObject({ name: 'AbortError' });
    await bob.send({ to: 'alice', type: 'ringing' });
    expect(await held.ended).toMatchObject({ status: 200 });
  });

  test('leaves nothing behind, aborted or answered', async () => {
    for (let times = 0; times < 100; times += 1) {
      const abort = new AbortController();
      const [url, init] = request('/messages?wait=20');
      const poll = await service.hold('alice', () => holdlineFetch(url, { ...init, signal: abort.signal }));
      if (times % 2 === 0) abort.abort();
      else await bob.send({ to: 'alice', type: 'ringing' });
      await poll.ended.catch(() => undefined);
      const { cursor } = await alice.poll();
      await alice.poll({ after: cursor });
    }
    expect(await heldPolls()).toBe(0);
  });

  async function heldPolls(): Promise<number> {
    const metrics = await (await holdlineFetch(`${BASE}/metrics`)).text();
    return Number(/^holdline_held_polls (\d+)$/m.exec(metrics)?.[1]);
  }
});

describe('when the service closes', () => {
  let clock: TestClock;
  let whole: Service;
  beforeEach(async () => {
    whole = service;
    clock = new TestClock();
    // It never listens.
    service = await createService({ rateLimit: 'off', drainSeconds: 5 }, { clock });
    await enterBoth();
  });
  afterEach(() => void (service = whole));

  test('held polls end, sends are served, new polls are refused, and then every request rejects', async () => {
    const first = await service.hold('alice', () => alice.poll({ wait: 40 }));
    const second = await service.hold('bob', () => bob.poll({ wait: 40 }));
    const closed = service.holdline.close();
    expect(await first.ended).toMatchObject({ messages: [], more: false, expired: 0 });
    problemOf(await alice.call('pollMessages'), 'shutting-down');
    await alice.send({ to: 'bob', type: 'ringing' });
    expect((await second.ended).messages).toMatchObject([{ type: 'ringing' }]);
    await clock.advance(5_000);
    await closed;
    const send = holdlineFetch(...request('/participants'));
    await expect(send).rejects.toMatchObject({ message: 'fetch failed', cause: { message: 'the service is closed' } });
  });

  test('the store stays open until a request under way is answered', async () => {
    let letGo = (): void => undefined;
    const append = service.store.append.bind(service.store);
    const arrived = new Promise<void>((resolve) => {
      service.store.append = (message) => {
        resolve();
        return new Promise<void>((go) => (letGo = go)).then(() => append(message));
      };
    });
    const sending = alice.send({ to: 'bob', type: 'ringing' });
    await arrived;
    const closed = service.holdline.close();
    await clock.advance(5_000);
    letGo();
    expect((await sending).recipients).toMatchObject([{ participantId: 'bob' }]);
    await closed;
  });
});
