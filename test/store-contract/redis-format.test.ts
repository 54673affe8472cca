import { afterEach, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { JsonText, MailboxId, MessageId } from '../../src/signalling/ids.ts';
import type { OutgoingMessage } from '../../src/signalling/message.ts';
import type { Append, Join, Joined, Store } from '../../src/signalling/store.ts';
import type { TokenDigest, TokenHandle } from '../../src/signalling/tokens.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { settle, TestClock } from '../support/clock.ts';
import { ObservedStore } from '../support/redis/observed-store.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { deleteKeys } from '../support/redis/keys.ts';
import { urlOf } from '../support/redis/urls.ts';
import { startCluster } from '../support/redis/cluster.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { restoreSnapshot, snapshotOf, type StoredKey } from '../support/redis/snapshot.ts';
import { WIDE_LIMITS } from '../support/store.ts';
import { LOBBY, participantId, summariesOf } from './store-fixture.ts';

const PREFIX = 'format';
/** What Holdline 0.1.0 stored after `fillRoom`. It had no format number. */
const FIXTURE = new URL('redis-format-1.json', import.meta.url);

const handleOf = (name: string): TokenHandle => name.padEnd(12, '-') as TokenHandle;
const mailboxIdOf = (name: string): MailboxId => `mb-${name}`.padEnd(12, '-') as MailboxId;
const messageId = (number: number): MessageId =>
  `019b8e00-0000-7000-8000-${String(number).padStart(12, '0')}` as MessageId;

interface Entry {
  readonly token: string;
  readonly mailbox?: string;
  readonly resume?: boolean;
  readonly proof?: Join['proof'];
  readonly profile?: Join['profile'];
  readonly key?: string;
}

const joinOf = (id: string, { token, mailbox = id, resume = false, proof, profile = {}, key }: Entry): Join => ({
  roomId: LOBBY,
  participantId: participantId(id),
  resume,
  proof: proof ?? { kind: 'none' },
  profile,
  defaultIdleTimeoutMs: 60_000,
  token: { handle: handleOf(token), digest: `digest-${token}`.padEnd(43, '-') as TokenDigest },
  mailboxId: mailboxIdOf(mailbox),
  ...(key !== undefined && { idempotency: { scope: key, fingerprint: 'body' } }),
});

const message = (number: number, to: string | undefined, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id: messageId(number),
  type: 'custom',
  payload: `"message ${number}"` as JsonText,
  ttlMs: 120_000,
  ...(to !== undefined && { recipient: participantId(to) }),
  ...more,
});

const keyedSend = (sender: Joined): Append => ({
  sender: sender.mailbox,
  messages: [message(3, 'bob', { type: 'invite', callId: 'call-1' })],
  rate: { name: 'messages', quota: 8, windowMs: 4_000 },
  idempotency: { scope: 'send:key', fingerprint: 'body' },
});

const keyedJoin = (token: string): Join =>
  joinOf('dave', { token, key: 'join-key', profile: { idleTimeoutMs: 30_000 } });

const ALICE = { displayName: 'Älice 🎉', metadata: '{"device": "phone"}' as JsonText };

/**
 * Creates one of each record: tokens in all states, an idempotent join and send, messages, events, a tombstone, a poll.
 */
async function fillRoom(store: Store, clock: TestClock): Promise<void> {
  const alice = await store.join(joinOf('alice', { token: 'alice', profile: ALICE }));
  await store.claimToken(handleOf('alice'), LOBBY);
  const bob = await store.join(joinOf('bob', { token: 'bob-1' }));
  await store.claimToken(handleOf('bob-1'), LOBBY);
  await store.join(
    joinOf('bob', { token: 'bob-2', resume: true, proof: { kind: 'token', handle: handleOf('bob-1') } }),
  );
  await store.join(joinOf('carol', { token: 'carol' }));
  await store.join(keyedJoin('dave-1'));
  const short = message(1, 'bob', { ttlMs: 1_000, callId: 'call-0' });
  await store.append({ sender: alice.mailbox, messages: [short, message(2, undefined)] });
  await store.append(keyedSend(alice));
  await store.depart(LOBBY, participantId('carol'), 'left');
  await clock.advance(2_000);
  while (await store.sweep());
  const poll = store.openPoll(bob.mailbox);
  poll.hold(25_000);
  await settle();
  poll.end('answered');
  await settle();
}

const REDIS_TIME = /(?<!\d)(?!17676144)1[78]\d{14}(?!\d)/g;
const PROCESS_OF_EPOCH = /([\w-]{22}):1[78]\d{14}/;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/**
 * Replaces values that differ between runs by text of the same length: the process, ids of room events, times of
 * Redis's clock.
 */
function masked(keys: readonly StoredKey[]): StoredKey[] {
  const text = JSON.stringify(keys);
  const process = PROCESS_OF_EPOCH.exec(text)?.[1] ?? '';
  const stable = text
    .replaceAll(process, 'p'.repeat(process.length))
    .replace(REDIS_TIME, '1700000000000000')
    .replace(UUID, (id) => (id.startsWith('019b8e00-') ? id : '00000000-0000-7000-8000-000000000000'));
  return JSON.parse(stable) as StoredKey[];
}

const fixture = (): StoredKey[] => JSON.parse(readFileSync(FIXTURE, 'utf8')) as StoredKey[];

/** The membership exists only as long as its processes. */
const IGNORED: readonly string[] = [`${PREFIX}:fleet`, `${PREFIX}:format`];

describeOnRedis('the format of the stored records', () => {
  const server = shared(() => RedisServer.start());
  afterEach(cleanUp);
  afterEach(() => deleteKeys(server(), PREFIX));

  async function open(clock: TestClock): Promise<Store> {
    const url = urlOf(server(), PREFIX);
    const counted = new ObservedStore(await RedisStore.open({ url, limits: WIDE_LIMITS, clock }));
    onCleanUp(() => counted.close());
    return counted.store;
  }

  test('has not changed: the same operations store the bytes of the fixture', async () => {
    const clock = new TestClock();
    await fillRoom(await open(clock), clock);
    const stored = masked(await snapshotOf(server(), PREFIX)).filter(({ key }) => !IGNORED.includes(key));
    expect(stored).toEqual(fixture());
  });

  test('gets its number in a Redis of 0.1.0, and everything stored there is still readable', async () => {
    await restoreSnapshot(server(), fixture());
    const clock = new TestClock();
    await clock.advance(2_000);
    const store = await open(clock);

    expect(String(await server().command('GET', `${PREFIX}:format`))).toBe('1');
    await expectEverythingFrom010(store);
  });

  test('with another number stops the start with one line that says what to do', async () => {
    await server().command('SET', `${PREFIX}:format`, '2');
    await expect(open(new TestClock())).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringMatching(
        /^the records under the prefix "format" .* format 2, .* uses format 1: set another prefix/,
      ),
    });
    expect(await snapshotOf(server(), PREFIX)).toEqual([{ key: `${PREFIX}:format`, type: 'string', value: '2' }]);
  });

  test('with another number at run time turns the readiness check red', async () => {
    const store = await open(new TestClock());
    await store.checkRetention();
    await server().command('SET', `${PREFIX}:format`, '2');
    await expect(store.checkRetention()).rejects.toMatchObject({ code: 'storage-unavailable' });
  });

  test('is not judged while its shard of a cluster is down: the other shards serve their rooms', async () => {
    const cluster = await startCluster();
    onCleanUp(() => cluster.end());
    for (const master of cluster.masters) await master.command('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
    const store = await RedisStore.open({ url: urlOf(cluster, PREFIX), limits: WIDE_LIMITS, clock: new TestClock() });
    onCleanUp(() => store.close());
    const slot = Number(await cluster.masters[0]?.command('CLUSTER', 'KEYSLOT', `${PREFIX}:format`));
    await cluster.masters[Math.floor((slot * cluster.masters.length) / 16_384)]?.kill();
    await expect(store.checkRetention()).resolves.toBeUndefined();
  });
});

async function expectEverythingFrom010(store: Store): Promise<void> {
  const states = await Promise.all(
    ['alice', 'bob-1', 'bob-2', 'carol', 'dave-1'].map(async (name) => (await store.findToken(handleOf(name)))?.state),
  );
  expect(states).toEqual(['used', 'replaced', 'fresh', 'gone', 'fresh']);
  expect(await store.participants(LOBBY)).toMatchObject([
    { participantId: 'alice', ...ALICE },
    { participantId: 'bob' },
    { participantId: 'dave' },
  ]);
  expect(await store.join(keyedJoin('dave-2'))).toMatchObject({
    replayed: true,
    mailbox: { mailboxId: mailboxIdOf('dave') },
  });
  const alice = { roomId: LOBBY, participantId: participantId('alice'), mailboxId: mailboxIdOf('alice') };
  expect(await store.append(keyedSend({ mailbox: alice } as Joined))).toMatchObject({ replayed: true });
  const bob = { roomId: LOBBY, participantId: participantId('bob'), mailboxId: mailboxIdOf('bob') };
  const page = await store.read(bob, { after: undefined, limit: 100, maxBytes: 1_000_000 });
  expect(summariesOf(page)).toEqual(['joined carol', 'joined dave', 'message 2', 'message 3', 'left carol left']);
  expect(page.expired).toBe(1);
  await store.append({ sender: alice, messages: [message(4, 'bob')] });
  await store.acknowledge(bob, { mailboxId: bob.mailboxId, position: page.position });
  expect(summariesOf(await store.read(bob, { after: undefined, limit: 100, maxBytes: 1_000_000 }))).toEqual([
    'message 4',
  ]);
}
