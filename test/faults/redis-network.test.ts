import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { UNAVAILABLE, untilServed } from '../support/fetch-member.ts';
import { Ledger } from '../support/ledger.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, startPair, untilHeld, untilReadiness } from '../support/redis/processes.ts';
import { roundTripsUntil } from '../support/round-trips.ts';
import { TcpProxy } from '../support/redis/tcp-proxy.ts';

const SETTINGS = { RATE_LIMIT: 'off' };
/** Round trips to the service, see `roundTripsUntil`. */
const WOKEN_WITHIN = 500;

/** Alice's process reaches Redis through `network`, Bob's directly. */
async function withNetwork() {
  const redis = await ownRedis();
  const network = await TcpProxy.start(redis.port);
  return { network, ...(await startPair([network, redis], SETTINGS, new Ledger({ repeats: true }))) };
}

const message = (payload: string) => ({
  body: { to: 'bob', type: 'custom', payload },
  headers: { 'Idempotency-Key': payload },
});

describeOnRedis('the network between a process and its Redis', () => {
  afterEach(cleanUp);

  test.each(['late', 'lost'] as const)(
    'swallows everything, and replies in flight are %s: the process refuses requests, the other one is not affected, and both recover',
    async (rest) => {
      const { network, here, there, ledger, alice, bob } = await withNetwork();
      const carol = await ledger.join(there.url, 'room', 'carol');
      const { cursor: after } = await alice.poll();
      const held = alice.poll({ after, wait: 30 });
      await untilHeld(here.url, 1);
      network.stall();
      const sending = alice.call('sendMessage', message('meanwhile'));
      const { id: unharmed } = await carol.send({ to: 'bob', type: 'custom', payload: 'unharmed' });
      expect((await bob.poll()).messages.map(({ id }) => id)).toContain(unharmed);
      const { id: waiting } = await carol.send({ to: 'alice', type: 'custom', payload: 'to one who is cut off' });
      await untilReadiness(here.url, 503);
      await untilReadiness(there.url, 200);
      expect(await sending).toMatchObject(UNAVAILABLE);

      network.heal(rest);
      await untilReadiness(here.url, 200);
      expect(await held).toMatchObject({ messages: [{ id: waiting }] });
      expect(await alice.call('sendMessage', message('meanwhile'))).toMatchObject({ status: 201 });
      const { messages } = await bob.poll();
      expect(messages.filter(({ payload }) => payload === 'meanwhile')).toHaveLength(1);
      await ledger.settle();
    },
  );

  test('delays everything by 200 ms: all requests are served, and no message waits for the reply to another', async () => {
    const { network, here, ledger, alice, bob } = await withNetwork();
    network.delayMs = 100;
    const names = Array.from({ length: 50 }, (_, number) => `message-${number}-`);
    const sent = network.seen(names);
    let answered = 0;
    const sending = names.map(async (payload) => {
      const answer = await untilServed(() => alice.call('sendMessage', message(payload)));
      expect(answer.status).toBe(201);
      answered += 1;
    });
    await sent;
    expect(answered).toBeLessThan(names.length);
    await Promise.all(sending);
    expect((await bob.poll({ limit: 100 })).messages).toHaveLength(50);
    await untilReadiness(here.url, 200);
    const { cursor: after } = await alice.poll();
    const held = alice.poll({ after, wait: 20 });
    await bob.send({ to: 'alice', type: 'custom', payload: 'to one who is far' });
    expect((await held).messages).toMatchObject([{ payload: 'to one who is far' }]);
    await ledger.settle();
  });

  describe.each(['late', 'lost'] as const)('swallows published wake-ups, which are %s', (rest) => {
    test('/readyz turns red, messages arrive at the end of the window, and the process recovers', async () => {
      const { network, here, there, ledger, alice, bob } = await withNetwork();
      await untilReadiness(here.url, 200);
      network.stall('subscribers');
      const { cursor: after } = await alice.poll();
      const held = alice.poll({ after, wait: 5 });
      await untilHeld(here.url, 1);
      const { id } = await bob.send({ to: 'alice', type: 'custom', payload: 'unheard' });
      const red = untilReadiness(here.url, 503);
      const { messages, cursor } = await held;
      expect(messages).toMatchObject([{ id }]);
      await red;
      await untilReadiness(there.url, 200);

      network.heal(rest);
      await untilReadiness(here.url, 200);
      const woken = alice.poll({ after: cursor, wait: 50 });
      await untilHeld(here.url, 1);
      const { id: heard } = await bob.send({ to: 'alice', type: 'custom', payload: 'heard' });
      expect(await roundTripsUntil(here.url, woken)).toBeLessThan(WOKEN_WITHIN);
      expect((await woken).messages).toMatchObject([{ id: heard }]);
      await ledger.settle();
    });
  });

  test('cuts every connection repeatedly: nothing is lost, doubled or reordered', async () => {
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
