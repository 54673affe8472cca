import { afterEach, describe, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';
import { nextPolls } from '../support/next-polls.ts';
import { Proxy } from '../support/proxy.ts';

afterEach(cleanUp);
afterEach(closeServices);

async function aliceAndBob() {
  const { service, url } = await startService();
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  return { service, url, ledger, alice, bob };
}

const longPoll = (member: Member, after = member.joined.cursor) =>
  member.call('receiveMessages', { query: { after, wait: 20 } });

const SUPERSEDED = { status: 409, body: { code: 'poll-superseded', retryable: false } };
const CURSOR_EXPIRED = { status: 410, body: { code: 'cursor-expired' } };

describe('concurrent polls with the same cursor', () => {
  test('the newer poll is held, and the older poll ends at once with 409', async () => {
    const { service, ledger, alice, bob } = await aliceAndBob();
    const older = await service.hold('bob', () => longPoll(bob));
    const newer = await service.hold('bob', () => longPoll(bob));
    expect(await older.ended).toMatchObject(SUPERSEDED);
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    expect(await newer.ended).toMatchObject({ status: 200, body: { messages: [{ id }] } });
    await ledger.settle();
  });

  test('of ten concurrent polls, one is held and nine end with 409', async () => {
    const { service, ledger, alice, bob } = await aliceAndBob();
    const held = nextPolls(service.store, 'held', 10);
    const polls = Array.from({ length: 10 }, () => longPoll(bob));
    await held;
    await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    const statuses = (await Promise.all(polls)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    await ledger.settle();
  });
});

test('a late poll with an acknowledged cursor gets 410, and does not supersede the held poll', async () => {
  const { service, ledger, alice, bob } = await aliceAndBob();
  await alice.send({ to: 'bob', type: 'custom', payload: 1 });
  const { cursor } = await bob.poll({ after: bob.joined.cursor });
  const held = await service.hold('bob', () => longPoll(bob, cursor));

  expect(await longPoll(bob, bob.joined.cursor)).toMatchObject({
    ...CURSOR_EXPIRED,
    body: { code: 'cursor-expired', resetCursor: cursor },
  });
  const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 2 });
  expect(await held.ended).toMatchObject({ status: 200, body: { messages: [{ id }] } });
  await ledger.settle();
});

/** `passed` resolves at `open`. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe('a poll that arrives after a newer one', () => {
  test('supersedes it, and the message of its lost reply is delivered to the next poll', async () => {
    const { service, url, ledger, alice, bob } = await aliceAndBob();
    const late = gate();
    const proxy = await Proxy.start(url, { onRequest: () => late.passed, onReply: () => 'drop' });
    const abandoned = expect(longPoll(ledger.observe(proxy.url, bob.joined))).rejects.toThrow();
    const overtaking = await service.hold('bob', () => longPoll(bob));

    const arrived = nextPolls(service.store, 'held', 1);
    late.open();
    await arrived;
    expect(await overtaking.ended).toMatchObject(SUPERSEDED);
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    await abandoned;
    expect(await longPoll(bob)).toMatchObject({ status: 200, body: { messages: [{ id }] } });
    await ledger.settle();
  });

  test('with an older cursor gets 410, and the newer poll stays held', async () => {
    const { service, url, ledger, alice, bob } = await aliceAndBob();
    const late = gate();
    const proxy = await Proxy.start(url, { onRequest: () => late.passed });
    const overtaken = longPoll(ledger.observe(proxy.url, bob.joined));
    await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    const { cursor } = await bob.poll();
    const held = await service.hold('bob', () => longPoll(bob, cursor));

    late.open();
    expect(await overtaken).toMatchObject(CURSOR_EXPIRED);
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 2 });
    expect(await held.ended).toMatchObject({ status: 200, body: { messages: [{ id }] } });
    await ledger.settle();
  });
});

describe('two tabs that share a token', () => {
  /**
   * Polls are paced to 5 a second after a burst of 50; two tabs, each with one poll in flight, reach at most twice
   * that.
   */
  const BURST = 50;
  const BEYOND = 12;
  const LEAST_MS = (BEYOND / 2) * 200;

  test('supersede each other at the paced rate, and one of them receives the message', async () => {
    const { ledger, alice, bob } = await aliceAndBob();
    let answered = 0;
    const delivered = Promise.withResolvers<Batch>();
    let stopped = false;

    async function tab(onBeyondBurst: () => void): Promise<void> {
      while (!stopped) {
        const { status, body } = await longPoll(bob);
        if (status === 200) {
          delivered.resolve(body as Batch);
          return;
        }
        expect(status).toBe(409);
        answered += 1;
        if (answered === BURST + BEYOND) onBeyondBurst();
      }
    }

    const startedMs = performance.now();
    const tabs: Promise<void>[] = [];
    await new Promise<void>((resolve) => tabs.push(tab(resolve), tab(resolve)));
    expect(performance.now() - startedMs).toBeGreaterThan(LEAST_MS * 0.9);
    stopped = true;
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    expect((await delivered.promise).messages).toMatchObject([{ id }]);
    await Promise.all(tabs);
    await ledger.settle();
  });
});
