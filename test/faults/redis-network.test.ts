import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import {
  NOTICED_MS,
  ownRedis,
  RECOVERED_MS,
  startPair,
  timed,
  UNAVAILABLE,
  untilHeld,
  untilReadiness,
  untilServed,
} from '../support/redis/processes.ts';
import { TcpProxy } from '../support/redis/tcp-proxy.ts';

const SETTINGS = { RATE_LIMIT: 'off' };
const WOKEN_MS = 1_000;

/** Alice's process reaches its Redis through `network`, Bob's directly. */
async function withNetwork() {
  const redis = await ownRedis();
  const network = await TcpProxy.start(redis.port);
  return { network, ...(await startPair([network, redis], SETTINGS)) };
}

const message = (payload: string) => ({
  body: { to: 'bob', type: 'custom', payload },
  headers: { 'Idempotency-Key': payload },
});

describeOnRedis('the network between a process and its Redis', () => {
  afterEach(cleanUp);

  test.each(['late', 'lost'] as const)(
    'swallows everything, and what was on its way comes %s: that process says so and gives no 201, the other one does not notice; then all is well by itself',
    async (rest) => {
      const { network, here, there, ledger, alice, bob } = await withNetwork();
      const carol = await ledger.join(there.url, 'room', 'carol');
      const { cursor: after } = await alice.poll();
      const held = untilServed(() => alice.call('receiveMessages', { query: { after, wait: 30 } }));
      await untilHeld(here.url, 1);
      network.stall();
      const sending = timed(() => alice.call('sendMessage', message('meanwhile')));
      const { id: unharmed } = await carol.send({ to: 'bob', type: 'custom', payload: 'unharmed' });
      expect((await bob.poll()).messages.map(({ id }) => id)).toContain(unharmed);
      const { id: waiting } = await carol.send({ to: 'alice', type: 'custom', payload: 'to one who is cut off' });
      expect(await untilReadiness(here.url, 503)).toBeLessThan(NOTICED_MS);
      expect((await fetch(`${there.url}/readyz`)).status).toBe(200);
      const { answer, elapsedMs } = await sending;
      expect(answer).toMatchObject(UNAVAILABLE);
      expect(elapsedMs).toBeLessThan(NOTICED_MS);

      network.heal(rest);
      expect(await untilReadiness(here.url, 200)).toBeLessThan(RECOVERED_MS);
      expect((await held).body).toMatchObject({ messages: [{ id: waiting }] });
      expect(await alice.call('sendMessage', message('meanwhile'))).toMatchObject({ status: 201 });
      const { messages } = await bob.poll();
      expect(messages.filter(({ payload }) => payload === 'meanwhile')).toHaveLength(1);
      await ledger.settle();
    },
  );

  test('delays everything by 200 ms: all is served, at that pace, and many at once take no longer than one', async () => {
    const { network, here, ledger, alice, bob } = await withNetwork();
    network.delayMs = 100;
    const names = Array.from({ length: 50 }, (_, number) => `message ${number}`);
    const one = await timed(() => alice.send({ to: 'bob', type: 'custom', payload: 'alone' }));
    const many = await timed(() =>
      Promise.all(names.map((payload) => alice.send({ to: 'bob', type: 'custom', payload }))),
    );
    expect(many.elapsedMs).toBeLessThan(2 * one.elapsedMs + 500);
    expect((await bob.poll({ limit: 100 })).messages).toHaveLength(51);
    expect(await untilReadiness(here.url, 200)).toBeLessThan(NOTICED_MS);
    const held = alice.poll({ wait: 20 });
    await bob.send({ to: 'alice', type: 'custom', payload: 'to one who is far' });
    await held;
    await ledger.settle();
  });

  describe.each(['late', 'lost'] as const)('fault 18: swallows what is published, and it comes %s', (rest) => {
    test('/readyz is red within 10 s, messages arrive at the end of the window, and then all is well by itself', async () => {
      const { network, here, there, ledger, alice, bob } = await withNetwork();
      await untilReadiness(here.url, 200);
      network.stall('subscribers');
      const { cursor: after } = await alice.poll();
      const held = timed(() => alice.poll({ after, wait: 5 }));
      await untilHeld(here.url, 1);
      const { id } = await bob.send({ to: 'alice', type: 'custom', payload: 'unheard' });
      const red = untilReadiness(here.url, 503);
      const { answer, elapsedMs } = await held;
      expect(answer.messages).toMatchObject([{ id }]);
      expect(elapsedMs).toBeLessThan(6_000);
      expect(await red).toBeLessThan(NOTICED_MS);
      expect((await fetch(`${there.url}/readyz`)).status).toBe(200);

      network.heal(rest);
      expect(await untilReadiness(here.url, 200)).toBeLessThan(RECOVERED_MS);
      const woken = alice.poll({ after: answer.cursor, wait: 20 });
      await untilHeld(here.url, 1);
      const { elapsedMs: wokenMs } = await timed(async () => {
        await bob.send({ to: 'alice', type: 'custom', payload: 'heard' });
        return woken;
      });
      expect(wokenMs).toBeLessThan(WOKEN_MS);
      await ledger.settle();
    });
  });

  test('cuts every connection again and again: nothing is lost, doubled or reordered', async () => {
    const { network, here, ledger, alice } = await withNetwork();
    const cutting = setInterval(() => network.cut(), 150);
    onCleanUp(() => clearInterval(cutting));
    for (let number = 0; number < 100; number += 1) {
      const answer = await untilServed(() => alice.call('sendMessage', message(`number-${number}`)));
      expect(answer.status).toBe(201);
    }
    clearInterval(cutting);
    await untilReadiness(here.url, 200);
    await ledger.settle();
  });
});
