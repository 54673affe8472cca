import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Batch, ProblemCode, SendRequest } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let clock: TestClock;
let service: Service;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  clock = new TestClock();
  service = await createService({ rateLimit: 'off' }, { clock });
});
beforeEach(async () => {
  alice = await join(service.app, newRoom(), 'alice');
  bob = await join(service.app, alice.roomId, 'bob');
});
afterAll(closeServices);

type Query = Readonly<Record<string, string | number>>;

/** The two operations that poll, which must behave the same. */
const ways = [
  { way: 'GET', ask: (member: Member, query: Query) => member.call('receiveMessages', { query }) },
  { way: 'POST', ask: (member: Member, body: Query) => member.call('pollMessages', { body }) },
];

const batchOf = ({ status, body }: Answer): Batch => {
  expect(status).toBe(200);
  return body as Batch;
};

const custom = (payload: unknown): SendRequest => ({ type: 'custom', to: 'bob', payload });
const payloadsOf = ({ messages }: Batch): unknown[] => messages.map(({ payload }) => payload);

describe.each(ways)('a poll by $way', ({ ask }) => {
  const poll = async (query: Query = {}): Promise<Batch> => batchOf(await ask(bob, { wait: 0, ...query }));
  const hold = (query: Query = {}) => service.hold('bob', () => ask(bob, { wait: 20, ...query }));

  test('returns pending messages at once, whatever its wait', async () => {
    await alice.send(custom(1));
    expect(payloadsOf(await poll({ wait: 50 }))).toEqual([1]);
  });

  test('removes nothing: the same poll returns the same batch again', async () => {
    await alice.sendAll([custom(1), custom(2)]);
    const first = await poll();
    expect(await poll()).toEqual(first);
    expect(await poll({ after: bob.joined.cursor })).toEqual(first);
  });

  test('with a cursor acknowledges everything up to it and returns what follows', async () => {
    await alice.sendAll([custom(1), custom(2), custom(3)]);
    const { cursor } = await poll({ limit: 2 });
    expect(payloadsOf(await poll({ after: cursor }))).toEqual([3]);
    expect(payloadsOf(await poll())).toEqual([3]);
  });

  test('returns a usable cursor even with an empty batch', async () => {
    const { cursor, ...rest } = await poll();
    expect(rest).toEqual({ messages: [], more: false, expired: 0 });
    await alice.send(custom(1));
    expect(payloadsOf(await poll({ after: cursor }))).toEqual([1]);
    expect(payloadsOf(await poll({ after: cursor, wait: 50 }))).toEqual([1]);
  });

  test('returns at most `limit` messages, 64 by default, and whether more are pending', async () => {
    for (let batch = 0; batch < 4; batch += 1) {
      await alice.sendAll(Array.from({ length: 30 }, (_, index) => custom(batch * 30 + index)));
    }
    const first = await poll();
    expect([first.messages.length, first.more]).toEqual([64, true]);
    expect([(await poll({ limit: 1 })).messages.length, (await poll({ limit: 100 })).messages.length]).toEqual([
      1, 100,
    ]);
    const rest = await poll({ after: first.cursor });
    expect([rest.messages.length, rest.more]).toEqual([56, false]);
    expect([...payloadsOf(first), ...payloadsOf(rest)]).toEqual(Array.from({ length: 120 }, (_, index) => index));
  });

  test('returns at most 256 KiB, or one message', async () => {
    const text = 'x'.repeat(60_000);
    for (let index = 0; index < 6; index += 1) await alice.send(custom(`${index}${text}`));
    const answer = await ask(bob, { wait: 0 });
    const { messages, more, cursor } = batchOf(answer);
    expect([messages.length, more]).toEqual([4, true]);
    expect(Number(answer.headers['content-length'])).toBeLessThanOrEqual(256 * 1_024);
    expect((await poll({ after: cursor })).messages).toHaveLength(2);
  });

  test('is held while nothing is pending, and answered when a message arrives', async () => {
    const held = await hold();
    await alice.send(custom('now'));
    const batch = batchOf(await held.ended);
    expect([payloadsOf(batch), batch.more]).toEqual([['now'], false]);
  });

  test('wakes for broadcasts and for room events', async () => {
    const held = await hold();
    await alice.leave();
    expect(batchOf(await held.ended).messages).toMatchObject([{ type: 'participant-left' }]);
  });

  test('does not wake for messages to others', async () => {
    await join(service.app, alice.roomId, 'carol');
    const { cursor } = await poll();
    const held = await hold({ after: cursor });
    await alice.send({ ...custom('not for bob'), to: 'carol' });
    await alice.send(custom('for bob'));
    expect(payloadsOf(batchOf(await held.ended))).toEqual(['for bob']);
  });

  test('delivers a batch whole', async () => {
    const held = await hold();
    await alice.sendAll([custom(1), custom(2), custom(3)]);
    expect(payloadsOf(batchOf(await held.ended))).toEqual([1, 2, 3]);
  });

  test('counts expired messages, and is answered at once for them even with an empty batch', async () => {
    await alice.sendAll([{ ...custom('short'), ttlSeconds: 1 }, custom('long'), { ...custom('short'), ttlSeconds: 1 }]);
    await clock.advance(1_000);
    const batch = await poll();
    expect([payloadsOf(batch), batch.expired]).toEqual([['long'], 2]);
    expect(await poll({ after: batch.cursor })).toMatchObject({ messages: [], expired: 0 });
    await alice.send({ ...custom('short'), ttlSeconds: 1 });
    await clock.advance(1_000);
    expect(await poll({ after: batch.cursor, wait: 50 })).toMatchObject({ messages: [], expired: 1, more: false });
  });
});

describe('one poll per mailbox, the newest wins', () => {
  test.each(ways)('the older poll gets 409 at once, and no message is lost: $way', async ({ ask }) => {
    const older = await service.hold('bob', () => ask(bob, { wait: 50 }));
    const newer = await service.hold('bob', () => ask(bob, { wait: 50 }));
    const { detail } = problemOf(await older.ended, 'poll-superseded');
    expect(detail).toContain('Nothing is lost');
    await alice.send(custom(1));
    expect(payloadsOf(batchOf(await newer.ended))).toEqual([1]);
  });

  test('a newer poll that does not wait supersedes the older one, too', async () => {
    const older = await service.hold('bob', () => bob.call('receiveMessages', { query: { wait: 50 } }));
    await bob.poll();
    problemOf(await older.ended, 'poll-superseded');
  });

  test.each<[string, () => string, ProblemCode]>([
    ['of another mailbox', () => alice.joined.cursor, 'cursor-expired'],
    ['that cannot be read', () => 'x', 'invalid-cursor'],
  ])('a poll with a cursor %s does not supersede the held poll', async (_, cursor, code) => {
    const held = await service.hold('bob', () => bob.poll({ wait: 50 }));
    problemOf(await bob.call('receiveMessages', { query: { wait: 50, after: cursor() } }), code);
    await alice.send(custom(1));
    expect(payloadsOf(await held.ended)).toEqual([1]);
  });

  test('polls of two participants do not supersede each other', async () => {
    const tab = await join(service.app, alice.roomId);
    const other = await join(service.app, alice.roomId);
    const { cursor } = await tab.poll();
    const one = await service.hold(tab.id, () => tab.poll({ wait: 50, after: cursor }));
    const two = await service.hold(other.id, () => other.poll({ wait: 50 }));
    await alice.send({ type: 'invite' });
    expect([(await one.ended).messages.length, (await two.ended).messages.length]).toEqual([1, 1]);
  });
});
