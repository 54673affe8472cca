import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import { type Member, newRoom } from '../support/member.ts';
import { nextPolls } from '../support/next-polls.ts';
import { Proxy, type Verdict } from '../support/proxy.ts';

afterEach(cleanUp);
afterEach(closeServices);

/** Drops or cuts the next reply to a poll; later replies pass. */
function loseNextPollReply(proxy: Proxy, verdict: Verdict): void {
  proxy.faults = {
    onReply: ({ path }) => {
      if (!path.includes('/messages?')) return 'pass';
      proxy.faults = {};
      return verdict;
    },
  };
}

async function aliceAndBob() {
  const { service, url } = await startService();
  const proxy = await Proxy.start(url);
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(proxy.url, 'room', 'bob');
  return { service, url, proxy, ledger, alice, bob, after: bob.joined.cursor };
}

describe.each(['drop', 'cut'] as const)('after the reply to a poll was lost (%s)', (verdict) => {
  test('a poll with the same cursor returns the same messages', async () => {
    const { proxy, ledger, alice, bob, after } = await aliceAndBob();
    const sent = await alice.sendAll([1, 2, 3].map((payload) => ({ to: 'bob', type: 'custom', payload })));
    loseNextPollReply(proxy, verdict);
    await expect(bob.poll({ after })).rejects.toThrow();
    const { messages } = await bob.poll({ after });
    expect(messages.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
    await ledger.settle();
  });

  test('a poll with the same cursor returns the message of the held poll', async () => {
    const { service, proxy, ledger, alice, bob, after } = await aliceAndBob();
    loseNextPollReply(proxy, verdict);
    const { ended } = await service.hold('bob', () => bob.poll({ after, wait: 20 }));
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    await expect(ended).rejects.toThrow();
    expect(await bob.poll({ after })).toMatchObject({ messages: [{ id }] });
    await ledger.settle();
  });
});

describe('a held poll whose connection is reset', () => {
  test('acknowledges nothing: the next poll gets the message', async () => {
    const { service, url, ledger, alice, bob, after } = await aliceAndBob();
    const connection = await Connection.open(url);
    connection.request('GET', `/v1/rooms/room/messages?wait=20&after=${after}`, { token: bob.token });
    await service.hold('bob', () => connection.reply());
    await connection.reset();
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    expect(await bob.poll({ after, wait: 20 })).toMatchObject({ messages: [{ id }] });
    await ledger.settle();
  });

  test('leaves no waiter and no handle, also after 2,000 of them', async () => {
    const { service, url } = await startService({ maxHeldPolls: 100, rateLimit: 'off' });
    const ledger = new Ledger();
    const members = [];
    for (let n = 0; n < 100; n += 1) members.push(await ledger.join(url, newRoom(), `member-${n}`));
    const before = handles();
    for (let wave = 0; wave < 20; wave += 1) {
      // A waiter that leaked from an earlier wave would make one of these the 101st poll, which is refused instead of held.
      const held = nextPolls(service.store, 'held', members.length);
      const connections = await Promise.all(members.map((member) => openPoll(url, member)));
      await held;
      const freed = nextPolls(service.store, 'ended', members.length);
      await Promise.all(connections.map((connection) => connection.reset()));
      await freed;
    }
    const after = handles();
    expect(after.sockets).toBeLessThan(before.sockets + TOLERANCE);
    expect(after.timers).toBeLessThan(before.timers + TOLERANCE);
    await ledger.settle();
  });
});

async function openPoll(url: string, { roomId, token }: Member): Promise<Connection> {
  const connection = await Connection.open(url);
  connection.request('GET', `/v1/rooms/${roomId}/messages?wait=50`, { token });
  return connection;
}

/** Tolerance for sweeps and idle connections; a leak would add a handle per poll, or at least per wave. */
const TOLERANCE = 10;

/** Active sockets and timers of this process, in which the service runs, too. */
function handles(): { sockets: number; timers: number } {
  const names = process.getActiveResourcesInfo();
  const count = (wanted: string): number => names.filter((name) => name === wanted).length;
  return { sockets: count('TCPSocketWrap'), timers: count('Timeout') };
}

test('a client that vanishes without a FIN: its poll ends at its window, and its participant times out', async () => {
  const clock = new TestClock();
  const { service, url } = await startService({}, { clock });
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', { participantId: 'alice', idleTimeoutSeconds: 300 });
  const bob = await ledger.join(url, 'room', { participantId: 'bob', idleTimeoutSeconds: 60 });
  const { cursor: after } = await alice.poll();
  const held = nextPolls(service.store, 'held', 1);
  const connection = await openPoll(url, bob);
  connection.socket.pause();
  await held;
  expect(await listening(alice, 'bob')).toBe(true);

  const windowOver = nextPolls(service.store, 'ended', 1);
  await clock.advance(50_000);
  await windowOver;
  await clock.advance(5_000);
  expect(await listening(alice, 'bob')).toBe(false);

  await alice.send({ to: 'bob', type: 'custom', payload: 'to nobody any more' });
  await clock.advance(61_000);
  const { messages } = await alice.poll({ after });
  expect(messages).toMatchObject([{ type: 'participant-left', payload: { participantId: 'bob', reason: 'timeout' } }]);
  ledger.gone('bob');
  await ledger.settle();
});

test('a participant whose held poll is reset stops listening a second later, even if a poll was answered just before', async () => {
  const clock = new TestClock();
  const { service, url } = await startService({}, { clock });
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  await bob.poll();
  const held = nextPolls(service.store, 'held', 1);
  const connection = await openPoll(url, bob);
  await held;
  const cut = nextPolls(service.store, 'ended', 1);
  await connection.reset();
  await cut;
  await clock.advance(999);
  expect(await listening(alice, 'bob')).toBe(true);
  await clock.advance(1);
  expect(await listening(alice, 'bob')).toBe(false);
  await ledger.settle();
});

const listening = async (asker: Member, whom: string): Promise<boolean | undefined> =>
  (await asker.roster()).find(({ participantId }) => participantId === whom)?.listening;
