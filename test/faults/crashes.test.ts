import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import type { Answer } from '../support/conformance.ts';
import { fetchAnswer, untilAnswered } from '../support/fetch-member.ts';
import { Ledger } from '../support/ledger.ts';
import { untilListening } from '../support/server-process.ts';
import { RestartingServer } from '../support/restarting-server.ts';

afterEach(cleanUp);

async function aliceAndBob() {
  const servers = await RestartingServer.start();
  const { url } = servers.proxy;
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  return { servers, url, ledger, alice, bob };
}

const KEY = { 'Idempotency-Key': 'key-1' };
const isReplayed = ({ headers }: Answer): boolean => headers['idempotency-replayed'] === 'true';

/** Kills the server after it has written its next reply, and drops that reply. */
function killBeforeNextReply(servers: RestartingServer): void {
  servers.proxy.faults = {
    onReply: async () => {
      servers.proxy.faults = {};
      await servers.restart('kill');
      return 'drop' as const;
    },
  };
}

describe('after kill -9 between the commit and the 201', () => {
  const message = { to: 'bob', type: 'offer', payload: { type: 'offer', sdp: 'v=0\r\n' } };

  test.each([
    ['sendMessage', message, 1],
    ['sendMessages', { messages: [message, { to: 'bob', type: 'custom' }] }, 2],
  ] as const)('a retried %s is replayed, and each message is stored once', async (operation, body, copies) => {
    const { servers, ledger, alice, bob } = await aliceAndBob();
    killBeforeNextReply(servers);
    const answer = await untilAnswered(() => alice.call(operation, { body, headers: KEY }));
    expect({ status: answer.status, replayed: isReplayed(answer) }).toEqual({ status: 201, replayed: true });
    expect((await bob.poll({ after: bob.joined.cursor })).messages).toHaveLength(copies);
    await ledger.settle();
  });

  test('a retried join is replayed, and adds no second participant', async () => {
    const { servers, url, ledger, bob } = await aliceAndBob();
    killBeforeNextReply(servers);
    const body = { participantId: 'carol' };
    const join = () => fetchAnswer(url, 'joinRoom', '/v1/rooms/room/participants', { body, headers: KEY });
    const answer = await untilAnswered(join);
    expect({ status: answer.status, replayed: isReplayed(answer) }).toEqual({ status: 201, replayed: true });
    const roster = (await bob.roster()).map(({ participantId }) => participantId);
    expect(roster).toEqual(['alice', 'bob', 'carol']);
    expect((await bob.poll()).messages).toMatchObject([{ type: 'participant-joined' }]);
    await ledger.settle();
  });
});

/** Kills the server as soon as the proxy has seen `count` further requests or replies. */
function killAt(servers: RestartingServer, seen: 'request' | 'reply', count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    const look = (): void => {
      left -= 1;
      if (left > 0) return;
      servers.proxy.faults = {};
      resolve(servers.restart('kill'));
    };
    const onReply = () => {
      look();
      return 'drop' as const;
    };
    servers.proxy.faults = seen === 'request' ? { onRequest: look } : { onReply };
  });
}

test('kill -9 while sends are in flight: each retried send is stored once', async () => {
  const { servers, ledger, alice, bob } = await aliceAndBob();
  let after = bob.joined.cursor;
  const moments = [1, 5, 10].flatMap((count) => [['request', count] as const, ['reply', count] as const]);
  for (const [seen, count] of moments) {
    const succeeded = killAt(servers, seen, count);
    const names = Array.from({ length: 10 }, (_, n) => `${seen}-${count}-${n}`);
    const sends = names.map((payload) => {
      const sent = { body: { to: 'bob', type: 'custom', payload }, headers: { 'Idempotency-Key': payload } };
      return untilAnswered(() => alice.call('sendMessage', sent));
    });
    await succeeded;
    const answers = await Promise.all(sends);
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
    const { messages, cursor } = await bob.poll({ after });
    expect(messages.map(({ payload }) => payload).sort()).toEqual(names);
    after = cursor;
  }
  await ledger.settle();
});

describe('a restart of the server while polls are held', () => {
  test('after kill -9, the cursor of the interrupted poll is still valid', async () => {
    const { servers, ledger, alice, bob } = await aliceAndBob();
    const first = await alice.send({ to: 'bob', type: 'custom', payload: 'read before' });
    const { cursor: after } = await bob.poll({ after: bob.joined.cursor });
    const cut = expect(bob.poll({ after, wait: 20 })).rejects.toThrow();
    await untilListening(bob);
    await servers.restart('kill');
    await cut;
    const second = await alice.send({ to: 'bob', type: 'custom', payload: 'sent after' });
    const { messages } = await bob.poll({ after, wait: 20 });
    expect(messages.map(({ id }) => id)).toEqual([second.id]);
    expect(first.id).not.toBe(second.id);
    await ledger.settle();
  });

  test('after SIGTERM, the cursor of the empty reply and the previous cursor are both valid', async () => {
    const { servers, ledger, alice, bob } = await aliceAndBob();
    const after = bob.joined.cursor;
    const drained = bob.poll({ after, wait: 20 });
    await untilListening(bob);
    await servers.restart('stop');
    const empty = await drained;
    expect(empty).toMatchObject({ messages: [], more: false, expired: 0 });
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'sent after' });
    expect((await bob.poll({ after })).messages).toMatchObject([{ id }]);
    expect((await bob.poll({ after: empty.cursor, wait: 20 })).messages).toMatchObject([{ id }]);
    await ledger.settle();
  });

  test('after kill -9, a message stored before it is delivered to a mailbox that was never read', async () => {
    const { servers, ledger, alice, bob } = await aliceAndBob();
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'before' });
    await servers.restart('kill');
    expect((await bob.poll({ after: bob.joined.cursor, wait: 20 })).messages).toMatchObject([{ id }]);
    await ledger.settle();
  });
});
