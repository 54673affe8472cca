import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { settle, TestClock } from '../support/clock.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let clock: TestClock;
let service: Service;
let alice: Member;
afterAll(closeServices);
beforeEach(async () => {
  clock = new TestClock();
  service = await createService({ rateLimit: 'off', defaultWaitSeconds: 10, maxWaitSeconds: 20 }, { clock });
  alice = await join(service.app, newRoom(), 'alice');
});

/** How long the server holds the poll, in milliseconds of the test clock. */
async function heldMs(sent: { query?: string; body?: object }): Promise<number> {
  const id = sent.body === undefined ? 'receiveMessages' : 'pollMessages';
  const startMs = clock.steadyMs();
  const ending = service.ending('alice');
  let endMs: number | undefined;
  const noted = ending.then(() => (endMs = clock.steadyMs()));
  const poll = await service.hold('alice', () => alice.call(id, sent));
  while (endMs === undefined) {
    await clock.advance(100);
    await settle();
  }
  await noted;
  expect((await poll.ended).body).toMatchObject({ messages: [], more: false, expired: 0 });
  return endMs - startMs;
}

const windows: [string, { query?: string; body?: object }, number][] = [
  ['as long as it asks, GET', { query: 'wait=5' }, 5],
  ['as long as it asks, POST', { body: { wait: 5 } }, 5],
  ['a single second', { query: 'wait=1' }, 1],
  ['the longest window', { query: 'wait=20' }, 20],
  ['no longer than that, GET', { query: 'wait=21' }, 20],
  ['no longer than that, POST', { body: { wait: 1e9 } }, 20],
  ['the default window, GET', { query: '' }, 10],
  ['the default window, POST', { body: {} }, 10],
];

describe('a poll is held for 90 to 100 % of its window', () => {
  test.each(windows)('%s', async (_, sent, seconds) => {
    for (let round = 0; round < 3; round += 1) {
      const ms = await heldMs(sent);
      expect(ms).toBeGreaterThanOrEqual(seconds * 900);
      expect(ms).toBeLessThanOrEqual(seconds * 1_000);
    }
  });

  test('polls that began together do not end together', async () => {
    const lengths = new Set<number>();
    for (let round = 0; round < 10; round += 1) lengths.add(await heldMs({ query: 'wait=20' }));
    expect(lengths.size).toBeGreaterThan(3);
  });
});

test('a poll with wait=0 is answered at once', async () => {
  expect((await alice.poll({ wait: 0 })).messages).toEqual([]);
});

test('a message at the end of a window is delivered by this poll or the next', async () => {
  const bob = await join(service.app, alice.roomId, 'bob');
  const { cursor } = await alice.poll();
  const poll = await service.hold('alice', () => alice.poll({ wait: 5, after: cursor }));
  await Promise.all([clock.advance(5_000), bob.send({ type: 'invite' })]);
  const batch = await poll.ended;
  const next = await alice.poll({ after: batch.cursor });
  expect([...batch.messages, ...next.messages].map(({ type }) => type)).toEqual(['invite']);
});

test('a jump of the wall clock ends no poll', async () => {
  const bob = await join(service.app, alice.roomId, 'bob');
  const { cursor } = await alice.poll();
  const poll = await service.hold('alice', () => alice.poll({ wait: 5, after: cursor }));
  clock.jumpWall(3_600_000);
  await clock.advance(1_000);
  await bob.send({ type: 'invite' });
  expect((await poll.ended).messages).toHaveLength(1);
});
