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

describe('fault 4: two identical polls at once', () => {
  test('the newer one is held, the older one ends at once', async () => {
    const { service, ledger, alice, bob } = await aliceAndBob();
    const older = await service.hold('bob', () => longPoll(bob));
    const newer = await service.hold('bob', () => longPoll(bob));
    expect(await older.ended).toMatchObject(SUPERSEDED);
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    expect(await newer.ended).toMatchObject({ status: 200, body: { messages: [{ id }] } });
    await ledger.settle();
  });

  test('of ten in the same moment one is held', async () => {
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

test('fault 6: a late stale poll is told so, and does not displace the held one', async () => {
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

describe('fault 7: polls that overtake each other', () => {
  test('an abandoned poll that arrives late takes the message with it, and the next poll has it again', async () => {
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

  test('one with an older cursor that arrives late changes nothing', async () => {
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

describe('fault 8: two tabs on one token', () => {
  /** The contract: 5 polls a second, after a burst of 50. Each tab has one poll in flight, so two of them come to twice that at most. */
  const BURST = 50;
  const BEYOND = 12;
  const LEAST_MS = (BEYOND / 2) * 200;

  test('evict each other slowly, not in a storm, and one of them gets what arrives', async () => {
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
