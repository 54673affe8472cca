import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { SignallingError } from '../../src/signalling/errors.ts';
import { openFileStore, type FileStore } from '../support/store.ts';
import { cursorOf, draft, LOBBY, numbered, scenes, type Member, type Scene } from './scene.ts';

const open = scenes(openFileStore('normal'));

/** While `broken` has a row, every write makes a debt that the COMMIT finds unpaid. */
const SABOTAGE = `
  CREATE TABLE broken (since INTEGER);
  CREATE TABLE debts (participant INTEGER REFERENCES participants (id) DEFERRABLE INITIALLY DEFERRED);
  ${['rooms', 'participants', 'messages', 'tokens', 'sends', 'joins']
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
  readonly scene: Scene<FileStore>;
  readonly alice: Member;
  readonly bob: Member;
  readonly carol: Member;
}

/** A room in which everything is pending that can be: messages, events, gaps, keys, tokens of all states. */
async function setUp(): Promise<Cast> {
  const scene = await open({ maxMailboxMessages: 60, maxParticipantsPerRoom: 4 });
  const alice = await scene.join('alice', { displayName: 'Alice', key: 'alice' });
  const [bob, lost] = await scene.joinAll('bob', 'carol');
  const carol = await scene.rejoin(lost);
  await scene.leave(await scene.join('dave'));
  await scene.send(alice, ...numbered(3), draft('short', { ttlMs: 1_000 }), draft('long', { ttlMs: 90_000 }));
  await scene.sendKeyed(bob, 'kept', numbered(40, { to: 'carol' }));
  await scene.acknowledge(bob, (await scene.read(bob, { limit: 2 })).position);
  await scene.pass(1_000, alice, bob, carol);
  await scene.send(bob, draft('next to go', { to: 'alice', ttlMs: 500 }));
  inDatabase(scene.opened, SABOTAGE);
  return { scene, alice, bob, carol };
}

const codeOf = (error: unknown): unknown => (error instanceof SignallingError ? error.code : error);

/** All that can be seen of the store from outside. */
async function everything({ scene, ...members }: Cast): Promise<unknown> {
  const pages: unknown[] = [];
  for (const member of Object.values(members)) {
    for (const limit of [1, 7, 1_000]) pages.push(await scene.read(member, { limit }).catch(codeOf));
    pages.push(await scene.tokenState(member));
  }
  const { fileBytes: _, ...usage } = await scene.store.usage();
  const known = await Promise.all(['join alice', 'join new'].map((scope) => scene.store.knowsJoin(LOBBY, scope)));
  const participants = await scene.store.participants(LOBBY);
  return { pages, usage, known, participants, rooms: await scene.store.listRooms(undefined, 10) };
}

/** Every operation that writes. */
const WRITES: Record<string, (cast: Cast) => Promise<unknown>> = {
  join: ({ scene }) => scene.join('erin', { key: 'new' }),
  'join into a new room': ({ scene }) => scene.join('alice', { room: 'attic' }),
  'retry of a join': ({ scene }) => scene.join('alice', { key: 'alice' }),
  'join anew': ({ scene, bob }) => scene.rejoin(bob),
  resume: ({ scene, bob }) => scene.rejoin(bob, { resume: true, displayName: 'Bob' }),
  'first use of a token': ({ scene, alice }) => scene.store.claimToken(alice.handle),
  'first use of a token after a takeover': ({ scene, carol }) => scene.store.claimToken(carol.handle),
  send: ({ scene, alice }) => scene.send(alice, ...numbered(2), draft('3', { to: 'carol' })),
  'keyed send': ({ scene, alice }) => scene.sendKeyed(alice, 'new', [draft('1')]),
  'acknowledge some': async ({ scene, carol }) =>
    scene.acknowledge(carol, (await scene.read(carol, { limit: 20 })).position),
  'acknowledge all': ({ scene, bob }) => scene.acknowledgeAll(bob),
  leave: ({ scene, bob }) => scene.leave(bob),
  'close the room': ({ scene }) => scene.store.closeRoom(LOBBY),
  'sweep of messages': async ({ scene, alice, bob, carol }) => scene.pass(500, alice, bob, carol),
  'sweep of participants': async ({ scene, alice, bob }) => {
    await scene.clock.advance(65_000);
    for (const { mailbox } of [alice, bob]) scene.store.touch(mailbox);
    await scene.sweep();
  },
};

describe('an operation whose COMMIT fails', () => {
  test.each(Object.keys(WRITES))('%s: it changed nothing, in memory as in the file, and works later', async (name) => {
    const write = WRITES[name];
    if (write === undefined) throw new Error(`no write is called ${name}`);
    const cast = await setUp();
    const { scene } = cast;
    if (name.startsWith('sweep')) await scene.sweep();
    inDatabase(scene.opened, 'INSERT INTO broken VALUES (1)');
    await expect(write(cast)).rejects.toMatchObject(UNPAID);
    const live = await everything(cast);
    await scene.opened.kill();
    expect(live).toEqual(await everything(cast));

    await expect(write(cast)).rejects.toMatchObject(UNPAID);
    inDatabase(scene.opened, 'DELETE FROM broken');
    await write(cast);
    const done = await everything(cast);
    await scene.opened.kill();
    expect(done).toEqual(await everything(cast));
  });

  test('leaves presence as it was: who was listening still is, and does not go', async () => {
    const { scene, bob, alice } = await setUp();
    scene.store.openPoll(bob.mailbox).hold(600_000);
    inDatabase(scene.opened, 'INSERT INTO broken VALUES (1)');
    await expect(scene.leave(bob)).rejects.toMatchObject(UNPAID);
    await expect(scene.rejoin(bob)).rejects.toMatchObject(UNPAID);
    await expect(scene.send(alice, draft('1'))).rejects.toMatchObject(UNPAID);
    inDatabase(scene.opened, 'DELETE FROM broken');
    const there = async () => (await scene.store.participants(LOBBY)).filter(({ listening }) => listening);
    expect(await there()).toMatchObject([{ participantId: 'bob' }]);
    for (let minute = 0; minute < 5; minute += 1) await scene.pass(60_000, alice);
    expect(await there()).toMatchObject([{ participantId: 'bob' }]);
  });

  test('takes the acknowledgement of a poll back; its cursor brings it again', async () => {
    const { scene, alice, carol } = await setUp();
    const { position } = await scene.read(carol, { limit: 5 });
    const unread = (await scene.ids(carol)).slice(5);
    inDatabase(scene.opened, 'INSERT INTO broken VALUES (1)');
    scene.store.acknowledgeWriteBehind(carol.mailbox, cursorOf(carol, position));
    await expect(scene.send(alice, draft('1', { to: 'carol' }))).rejects.toMatchObject(UNPAID);
    await scene.clock.advance(1_000);
    inDatabase(scene.opened, 'DELETE FROM broken');
    const page = await scene.read(carol, { after: position });
    expect(page.messages.map(({ id }) => id)).toEqual(unread);
    scene.store.acknowledgeWriteBehind(carol.mailbox, cursorOf(carol, position));
    await scene.clock.advance(1_000);
    await scene.opened.kill();
    expect(await scene.ids(carol)).toEqual(unread);
  });

  test('is hinted to nobody', async () => {
    const { scene, alice, bob } = await setUp();
    const hints: unknown[] = [];
    scene.store.watch((hint) => hints.push(hint));
    inDatabase(scene.opened, 'INSERT INTO broken VALUES (1)');
    await Promise.allSettled([scene.send(alice, draft('1')), scene.leave(bob), scene.rejoin(bob, { resume: true })]);
    expect(hints).toEqual([]);
  });

  test('does not take down those that came in the same moment', async () => {
    const cast = await setUp();
    const { scene, alice } = cast;
    inDatabase(
      scene.opened,
      `CREATE TRIGGER poison AFTER INSERT ON messages WHEN NEW.type = 'poison' BEGIN INSERT INTO debts VALUES (-1); END`,
    );
    const outcomes = await Promise.allSettled([
      scene.send(alice, draft('1')),
      scene.send(alice, draft('2', { type: 'poison' })),
      scene.join('erin'),
      scene.send(alice, draft('3')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    const live = await everything(cast);
    await scene.opened.kill();
    expect(live).toEqual(await everything(cast));
  });
});

describe('a database that another process has locked', () => {
  test('refuses writes after one busy timeout, however many wait, is read as ever, and recovers', async () => {
    const { scene, alice, bob } = await setUp();
    const other = new Database(scene.opened.path);
    other.exec('BEGIN IMMEDIATE');
    const sends = await Promise.allSettled(numbered(50).map((message) => scene.send(alice, message)));
    for (const send of sends) expect(send).toMatchObject({ reason: { code: 'storage-unavailable' } });
    // Each try at the lock takes a whole busy timeout and fails with an error of its own: they share the one of a single try.
    const errors = new Set(sends.map((send) => (send.status === 'rejected' ? (send.reason as unknown) : undefined)));
    expect(errors.size).toBe(1);
    expect((await scene.read(bob)).messages.length).toBeGreaterThan(0);

    other.exec('COMMIT');
    other.close();
    await scene.send(alice, draft('again'));
    expect((await scene.read(bob)).messages.at(-1)).toMatchObject({ payload: '"again"' });
  });
});
