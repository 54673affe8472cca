import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Awaitable } from '../../src/signalling/deferred.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { newMailboxId } from '../../src/signalling/ids.ts';
import { mintToken } from '../../src/signalling/tokens.ts';
import { openFileStore, type FileStore } from '../support/store.ts';
import {
  cursorOf,
  outgoing,
  LOBBY,
  numbered,
  fixtures,
  participantId,
  type Member,
  type StoreFixture,
} from './store-fixture.ts';

const open = fixtures(openFileStore('normal'));

/** While `broken` has a row, every write violates a deferred constraint, so that the COMMIT fails. */
const SABOTAGE = `
  CREATE TABLE broken (since INTEGER);
  CREATE TABLE debts (participant INTEGER REFERENCES participants (id) DEFERRABLE INITIALLY DEFERRED);
  ${['participants', 'messages', 'tokens', 'gone_tokens', 'sends']
    .flatMap((table) => ['INSERT', 'UPDATE', 'DELETE'].map((write) => [table, write] as const))
    .map(
      ([table, write]) => `CREATE TRIGGER ${table}_${write} AFTER ${write} ON ${table}
        WHEN EXISTS (SELECT 1 FROM broken) BEGIN INSERT INTO debts VALUES (-1); END;`,
    )
    .join('\n')}`;

const UNPAID = { code: 'SQLITE_CONSTRAINT_FOREIGNKEY' };

function inDatabase({ path }: FileStore, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

interface Cast {
  readonly fixture: StoreFixture<FileStore>;
  readonly alice: Member;
  readonly bob: Member;
  readonly carol: Member;
}

/** A room with pending items of every kind: messages, events, tombstones, keys, tokens of all states. */
async function setUp(): Promise<Cast> {
  const fixture = await open({ maxMailboxMessages: 60, maxParticipantsPerRoom: 4 });
  const alice = await fixture.join('alice', { displayName: 'Alice', key: 'alice' });
  const [bob, lost] = await fixture.joinAll('bob', 'carol');
  const carol = await fixture.rejoin(lost);
  await fixture.leave(await fixture.join('dave'));
  await fixture.send(alice, ...numbered(3), outgoing('short', { ttlMs: 1_000 }), outgoing('long', { ttlMs: 90_000 }));
  await fixture.sendKeyed(bob, 'kept', numbered(40, { to: 'carol' }));
  await fixture.acknowledge(bob, (await fixture.read(bob, { limit: 2 })).position);
  await fixture.passTime(1_000, alice, bob, carol);
  await fixture.send(bob, outgoing('next to go', { to: 'alice', ttlMs: 500 }));
  inDatabase(fixture.opened, SABOTAGE);
  return { fixture, alice, bob, carol };
}

const codeOf = (error: unknown): unknown => (error instanceof SignallingError ? error.code : error);

/** The whole externally visible state of the store. */
async function everything({ fixture, ...members }: Cast): Promise<unknown> {
  const pages: unknown[] = [];
  for (const member of Object.values(members)) {
    for (const limit of [1, 7, 1_000]) pages.push(await fixture.read(member, { limit }).catch(codeOf));
    pages.push(await fixture.tokenState(member));
  }
  const { fileBytes: _, ...usage } = await fixture.store.usage();
  const known = await Promise.all(['join alice', 'join new'].map((scope) => fixture.store.knowsJoin(LOBBY, scope)));
  const kept = await fixture.sendKeyed(members.bob, 'kept', []).catch(codeOf);
  const participants = await fixture.store.participants(LOBBY);
  return { pages, usage, known, kept, participants, rooms: await fixture.store.listRooms(undefined, 10) };
}

/** Every operation that writes. */
const WRITES: Record<string, (cast: Cast) => Awaitable<unknown>> = {
  join: ({ fixture }) => fixture.join('erin', { key: 'new' }),
  'join into a new room': ({ fixture }) => fixture.join('alice', { room: 'attic' }),
  'retry of a join': ({ fixture }) => fixture.join('alice', { key: 'alice' }),
  'join anew': ({ fixture, bob }) => fixture.rejoin(bob),
  resume: ({ fixture, bob }) => fixture.rejoin(bob, { resume: true, displayName: 'Bob' }),
  'first use of a token': ({ fixture, alice }) => fixture.store.claimToken(alice.handle),
  'first use of a token after a takeover': ({ fixture, carol }) => fixture.store.claimToken(carol.handle),
  send: ({ fixture, alice }) => fixture.send(alice, ...numbered(2), outgoing('3', { to: 'carol' })),
  'keyed send': ({ fixture, alice }) => fixture.sendKeyed(alice, 'new', [outgoing('1')]),
  'acknowledge some': async ({ fixture, carol }) =>
    fixture.acknowledge(carol, (await fixture.read(carol, { limit: 20 })).position),
  'acknowledge all': ({ fixture, bob }) => fixture.acknowledgeAll(bob),
  leave: ({ fixture, bob }) => fixture.leave(bob),
  'close the room': ({ fixture }) => fixture.store.closeRoom(LOBBY),
  'sweep of messages': async ({ fixture, alice, bob, carol }) => fixture.passTime(500, alice, bob, carol),
  'sweep of participants': async ({ fixture, alice, bob }) => {
    await fixture.clock.advance(65_000);
    for (const { mailbox } of [alice, bob]) fixture.store.touch(mailbox);
    await fixture.sweep();
  },
};

describe('an operation whose COMMIT fails', () => {
  test.each(Object.keys(WRITES))('%s: it changed nothing, in memory as in the file, and works later', async (name) => {
    const write = WRITES[name];
    if (write === undefined) throw new Error(`no write is called ${name}`);
    const cast = await setUp();
    const { fixture } = cast;
    if (name.startsWith('sweep')) await fixture.sweep();
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    await expect(write(cast)).rejects.toMatchObject(UNPAID);
    const live = await everything(cast);
    await fixture.opened.kill();
    expect(live).toEqual(await everything(cast));

    await expect(write(cast)).rejects.toMatchObject(UNPAID);
    inDatabase(fixture.opened, 'DELETE FROM broken');
    await write(cast);
    const done = await everything(cast);
    await fixture.opened.kill();
    expect(done).toEqual(await everything(cast));
  });

  test('a sweep of kept outcomes leaves their bytes counted', async () => {
    const cast = await setUp();
    const { fixture, alice, bob, carol } = cast;
    for (let ms = 0; ms < 590_000; ms += 10_000) await fixture.passTime(10_000, alice, bob, carol);
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    await expect(fixture.passTime(20_000, alice, bob, carol)).rejects.toMatchObject(UNPAID);
    const live = await everything(cast);
    await fixture.opened.kill();
    expect(live).toEqual(await everything(cast));
  });

  test('a keyed send is a new one when it is repeated, also under a key that was used 600 s ago', async () => {
    const { fixture, alice, bob, carol } = await setUp();
    const send = (text: string) => fixture.sendKeyed(alice, 'key', [outgoing(text, { to: 'bob' })], text);
    await send('first');
    for (let ms = 0; ms < 590_000; ms += 10_000) await fixture.passTime(10_000, alice, bob, carol);
    await fixture.clock.advance(10_000);
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    await expect(send('second')).rejects.toMatchObject(UNPAID);
    const both = Promise.allSettled([send('third'), fixture.leave(alice)]);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    inDatabase(fixture.opened, 'DELETE FROM broken');
    expect(await send('fourth')).toMatchObject({ replayed: false });
    expect(await send('fourth')).toMatchObject({ replayed: true });
    const { liveBytes } = await fixture.store.usage();
    await fixture.opened.kill();
    expect(await fixture.store.usage()).toMatchObject({ liveBytes });
    expect(await send('fourth')).toMatchObject({ replayed: true });
  });

  test('a participant whose leave failed keeps its token, also when a token of that leave would be forgotten', async () => {
    const { fixture, alice, bob, carol } = await setUp();
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    await expect(fixture.leave(bob)).rejects.toMatchObject(UNPAID);
    inDatabase(fixture.opened, 'DELETE FROM broken');
    await fixture.leave(await fixture.join('erin'));
    for (let ms = 0; ms < 620_000; ms += 10_000) await fixture.passTime(10_000, alice, bob, carol);
    expect(await fixture.tokenState(bob)).toBe('fresh');
    expect(await fixture.rejoin(bob, { resume: true })).toMatchObject({ resumed: true });
  });

  test('a participant that joins and leaves in it is not remembered', async () => {
    const { fixture } = await setUp();
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    const erin = mintToken();
    const joining = fixture.store.join({
      roomId: LOBBY,
      participantId: participantId('erin'),
      mailboxId: newMailboxId(),
      resume: false,
      proof: { kind: 'none' },
      profile: {},
      defaultIdleTimeoutMs: 60_000,
      token: erin,
    });
    const leaving = fixture.store.depart(LOBBY, participantId('erin'), 'left');
    await Promise.allSettled([joining, leaving]);
    expect(await fixture.store.findToken(erin.handle)).toBeUndefined();
  });

  test('leaves presence as it was: a listening participant still listens, and does not time out', async () => {
    const { fixture, bob, alice } = await setUp();
    fixture.store.openPoll(bob.mailbox).hold(600_000);
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    await expect(fixture.leave(bob)).rejects.toMatchObject(UNPAID);
    await expect(fixture.rejoin(bob)).rejects.toMatchObject(UNPAID);
    await expect(fixture.send(alice, outgoing('1'))).rejects.toMatchObject(UNPAID);
    inDatabase(fixture.opened, 'DELETE FROM broken');
    const there = async () => (await fixture.store.participants(LOBBY)).filter(({ listening }) => listening);
    expect(await there()).toMatchObject([{ participantId: 'bob' }]);
    for (let minute = 0; minute < 5; minute += 1) await fixture.passTime(60_000, alice);
    expect(await there()).toMatchObject([{ participantId: 'bob' }]);
  });

  test('takes a write-behind acknowledgement back; the cursor brings it again', async () => {
    const { fixture, alice, carol } = await setUp();
    const { position } = await fixture.read(carol, { limit: 5 });
    const unread = (await fixture.ids(carol)).slice(5);
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    fixture.store.acknowledgeWriteBehind(carol.mailbox, cursorOf(carol, position));
    await expect(fixture.send(alice, outgoing('1', { to: 'carol' }))).rejects.toMatchObject(UNPAID);
    await fixture.clock.advance(1_000);
    inDatabase(fixture.opened, 'DELETE FROM broken');
    const page = await fixture.read(carol, { after: position });
    expect(page.messages.map(({ id }) => id)).toEqual(unread);
    fixture.store.acknowledgeWriteBehind(carol.mailbox, cursorOf(carol, position));
    await fixture.clock.advance(1_000);
    await fixture.opened.kill();
    expect(await fixture.ids(carol)).toEqual(unread);
  });

  test('causes no hint', async () => {
    const { fixture, alice, bob } = await setUp();
    const hints: unknown[] = [];
    fixture.store.watch((hint) => hints.push(hint));
    inDatabase(fixture.opened, 'INSERT INTO broken VALUES (1)');
    await Promise.allSettled([
      fixture.send(alice, outgoing('1')),
      fixture.leave(bob),
      fixture.rejoin(bob, { resume: true }),
    ]);
    expect(hints).toEqual([]);
  });

  test('does not affect operations of the same batch', async () => {
    const cast = await setUp();
    const { fixture, alice } = cast;
    inDatabase(
      fixture.opened,
      `CREATE TRIGGER poison AFTER INSERT ON messages WHEN NEW.type = 'poison' BEGIN INSERT INTO debts VALUES (-1); END`,
    );
    const outcomes = await Promise.allSettled([
      fixture.send(alice, outgoing('1')),
      fixture.send(alice, outgoing('2', { type: 'poison' })),
      fixture.join('erin'),
      fixture.send(alice, outgoing('3')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    const live = await everything(cast);
    await fixture.opened.kill();
    expect(live).toEqual(await everything(cast));
  });
});

describe('a database that another process has locked', () => {
  test('refuses writes after one busy timeout, however many wait, still serves reads, and recovers', async () => {
    const { fixture, alice, bob } = await setUp();
    const other = new Database(fixture.opened.path);
    other.exec('BEGIN IMMEDIATE');
    const sends = await Promise.allSettled(numbered(50).map((message) => fixture.send(alice, message)));
    for (const send of sends) expect(send).toMatchObject({ reason: { code: 'storage-unavailable' } });
    // Each attempt to lock takes a whole busy timeout and fails with its own error object: all sends share the error of
    // a single attempt.
    const errors = new Set(sends.map((send) => (send.status === 'rejected' ? (send.reason as unknown) : undefined)));
    expect(errors.size).toBe(1);
    expect((await fixture.read(bob)).messages.length).toBeGreaterThan(0);

    other.exec('COMMIT');
    other.close();
    await fixture.send(alice, outgoing('again'));
    expect((await fixture.read(bob)).messages.at(-1)).toMatchObject({ payload: '"again"' });
  });
});
