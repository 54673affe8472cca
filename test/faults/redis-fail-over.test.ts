import { afterEach, describe, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { untilServed } from '../support/fetch-member.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';
import { startCluster, type Cluster } from '../support/redis/cluster.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, type Pair, startPair, untilHeld, untilReadiness } from '../support/redis/processes.ts';
import type { RedisServer } from '../support/redis/redis-server.ts';
import { startReplica } from '../support/redis/replica.ts';
import { Sentinels } from '../support/redis/sentinels.ts';
import { TcpProxy } from '../support/redis/tcp-proxy.ts';

const SETTINGS = { RATE_LIMIT: 'off' };

/** A primary, and a replica that gets no more writes after `part`. Both processes use one address. */
async function onReplicatedRedis() {
  const primary = await ownRedis();
  const link = await TcpProxy.start(primary.port);
  const replica = await startReplica(link.port);
  onCleanUp(() => replica.end());
  const front = await TcpProxy.start(primary.port);
  const pair = await startPair([front, front], SETTINGS, new Ledger({ repeats: true }));
  const part = async (): Promise<void> => {
    await untilReplicated(primary);
    link.stall();
  };
  const failOver = async (): Promise<void> => {
    await primary.kill();
    await replica.command('REPLICAOF', 'NO', 'ONE');
    front.target = replica.port;
    front.cut();
    await Promise.all([pair.here, pair.there].map(({ url }) => untilReadiness(url, 200)));
    await untilBothServed(pair);
  };
  return { ...pair, part, failOver };
}

/** Resolves once each process serves its member. */
async function untilBothServed({ alice, bob }: Pick<Pair, 'alice' | 'bob'>): Promise<void> {
  await Promise.all([alice, bob].map((member) => untilServed(() => member.call('listParticipants'))));
}

/** Resolves once the replica has all writes so far. */
async function untilReplicated(primary: RedisServer, key = 'mark'): Promise<void> {
  await primary.command('SET', key, 1);
  await primary.command('WAIT', 1, 0);
}

/** Retries like a client: on a busy machine Redis may be unreachable for a moment. */
async function send(from: Member, payload: string, to = 'bob'): Promise<void> {
  const sent = { body: { to, type: 'custom', payload }, headers: { 'Idempotency-Key': payload.replaceAll(' ', '-') } };
  expect(await untilServed(() => from.call('sendMessage', sent))).toMatchObject({ status: 201 });
}
const payloadsOf = ({ messages }: Batch): unknown[] => messages.map(({ payload }) => payload);

describeOnRedis('Redis fails over', () => {
  afterEach(cleanUp);

  describe('to a replica that lacks the last second of writes', () => {
    /** Bob has read a message that the replica does not have. */
    async function withLostSecond() {
      const all = await onReplicatedRedis();
      await send(all.alice, 'kept');
      const kept = await all.bob.poll({ after: all.bob.joined.cursor });
      await all.part();
      await send(all.alice, 'lost');
      const lost = await all.bob.poll({ after: kept.cursor });
      expect(payloadsOf(lost)).toEqual(['lost']);
      return { ...all, kept: kept.cursor, lost: lost.cursor };
    }

    test('a cursor from the lost second gets 410 with a cursor to continue from', async () => {
      const { alice, bob, lost, failOver } = await withLostSecond();
      await failOver();
      const answer = await bob.call('receiveMessages', { query: { after: lost, wait: 0 } });
      expect(answer).toMatchObject({ status: 410, body: { code: 'cursor-expired' } });
      const { resetCursor } = answer.body as { resetCursor: string };
      await send(alice, 'new');
      expect(payloadsOf(await bob.poll({ after: resetCursor })).at(-1)).toBe('new');
    });

    test.each([1, 50])(
      '%d messages sent before the next poll are delivered after a cursor from the lost second',
      async (count) => {
        const { alice, bob, kept, lost, failOver } = await withLostSecond();
        await failOver();
        const sent = Array.from({ length: count }, (_, number) => `new ${number}`);
        for (const payload of sent) await send(alice, payload);
        expect(payloadsOf(await bob.poll({ after: lost, limit: 100 }))).toEqual(sent);
        expect(kept).not.toBe(lost);
      },
    );

    test('a poll held across the fail-over gets 410, or the messages sent after it', async () => {
      const { there, alice, bob, lost, failOver } = await withLostSecond();
      const held = untilServed(() => bob.call('receiveMessages', { query: { after: lost, wait: 40 } }));
      await untilHeld(there.url, 1);
      await failOver();
      await send(alice, 'new');
      const { status, body } = await held;
      expect([200, 410]).toContain(status);
      if (status === 200) expect(payloadsOf(body as Batch)).toEqual(['new']);
      else
        expect(payloadsOf(await bob.poll({ after: (body as { resetCursor: string }).resetCursor }))).toContain('new');
    });

    test('a participant that joined in the lost second is unknown, and can join again', async () => {
      const { here, ledger, part, failOver } = await onReplicatedRedis();
      await part();
      const carol = await ledger.join(here.url, 'room', 'carol');
      await failOver();
      expect((await carol.call('receiveMessages', { query: { wait: 0 } })).status).toBe(401);
      const again = await ledger.join(here.url, 'room', 'carol');
      expect((await again.roster()).map(({ participantId }) => participantId)).toEqual(['alice', 'bob', 'carol']);
    });
  });

  test('with Sentinel, polls and sends continue on the promoted replica with the messages that it has', async () => {
    const primary = await ownRedis();
    const replica = await startReplica(primary.port);
    onCleanUp(() => replica.end());
    const sentinels = await Sentinels.start(primary.port);
    onCleanUp(() => sentinels.end());
    const { here, there, ledger, alice, bob } = await startPair(
      [sentinels, sentinels],
      SETTINGS,
      new Ledger({ repeats: true }),
    );
    await send(alice, 'before');
    const { cursor: after } = await alice.poll();
    const held = alice.poll({ after, wait: 40 });
    await untilHeld(here.url, 1);
    await untilReplicated(primary);
    await primary.kill();
    await Promise.all([here, there].map(({ url }) => untilReadiness(url, 503)));
    await Promise.all([here, there].map(({ url }) => untilReadiness(url, 200)));
    await untilBothServed({ alice, bob });
    await send(bob, 'after', 'alice');
    expect(payloadsOf(await held)).toEqual(['after']);
    expect(payloadsOf(await bob.poll({ after: bob.joined.cursor }))).toEqual(['before']);
    await ledger.settle();
  });

  describe('within a cluster', () => {
    async function onCluster() {
      const cluster = await startCluster({ replicas: true });
      onCleanUp(() => cluster.end());
      return { cluster, ...(await startPair([cluster, cluster], SETTINGS, new Ledger({ repeats: true }))) };
    }

    test('polls and sends continue on the promoted replica with the messages that it has', async () => {
      const { cluster, here, there, ledger, alice, bob } = await onCluster();
      await send(alice, 'before');
      const { cursor: after } = await alice.poll();
      const elsewhere = ledger.observe(there.url, alice.joined);
      const held = elsewhere.poll({ after, wait: 40 });
      await untilHeld(there.url, 1);
      const [master, replica] = await ownersOf(cluster, 'room');
      await untilReplicated(master, '{room}mark');
      const promoted = replica.logged(/Failover election won/);
      await master.kill();
      await promoted;
      await Promise.all([here, there].map(({ url }) => untilReadiness(url, 200)));
      // The canary's room may be on another master, so readiness does not prove that this room's master is known.
      await untilBothServed({ alice, bob });
      await send(bob, 'after', 'alice');
      expect(payloadsOf(await held)).toEqual(['after']);
      expect(payloadsOf(await bob.poll({ after: bob.joined.cursor }))).toEqual(['before']);
      await ledger.settle();
    });
  });
});

/** The master of the room's slot, and its replica. */
async function ownersOf({ masters, replicas }: Cluster, room: string): Promise<[RedisServer, RedisServer]> {
  const slot = Number(await masters[0]?.command('CLUSTER', 'KEYSLOT', `{${room}}`));
  for (const [index, master] of masters.entries()) {
    const replica = replicas[index];
    const keys = Number(await master.command('CLUSTER', 'COUNTKEYSINSLOT', slot));
    if (keys > 0 && replica !== undefined) return [master, replica];
  }
  throw new Error(`nobody has ${room}`);
}
