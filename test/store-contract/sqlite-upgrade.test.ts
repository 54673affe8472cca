import { afterEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { MailboxId } from '../../src/signalling/ids.ts';
import type { Joined } from '../../src/signalling/store.ts';
import type { TokenDigest, TokenHandle } from '../../src/signalling/tokens.ts';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';
import { expectRefusal, outgoing, LOBBY, participantId, StoreFixture, type Member } from './store-fixture.ts';

afterEach(cleanUp);

/** The schema of version 0.1.0 (migration 001), frozen: it does not follow the files in `migrations/`. */
const SCHEMA = `
  CREATE TABLE rooms (id INTEGER PRIMARY KEY, room_id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE participants (
    id INTEGER PRIMARY KEY AUTOINCREMENT, room INTEGER NOT NULL REFERENCES rooms (id), participant_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL, display_name TEXT, metadata TEXT, joined_at INTEGER NOT NULL,
    idle_timeout_ms INTEGER NOT NULL, acknowledged INTEGER NOT NULL, UNIQUE (room, participant_id)) STRICT;
  CREATE TABLE messages (
    mailbox INTEGER NOT NULL REFERENCES participants (id), position INTEGER NOT NULL, message_id TEXT NOT NULL,
    sender INTEGER, from_id TEXT, addressed INTEGER NOT NULL, type TEXT NOT NULL, payload TEXT, call_id TEXT,
    sent_at INTEGER NOT NULL, stored_at INTEGER NOT NULL, expires_at INTEGER, bytes INTEGER NOT NULL,
    expired INTEGER NOT NULL DEFAULT 0, UNIQUE (mailbox, position)) STRICT;
  CREATE INDEX messages_by_expiry ON messages (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE tokens (
    id INTEGER PRIMARY KEY, handle TEXT NOT NULL, digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('fresh', 'used', 'replaced', 'gone')),
    participant INTEGER REFERENCES participants (id), room_id TEXT NOT NULL, participant_id TEXT NOT NULL,
    reason TEXT, forget_at INTEGER) STRICT;
  CREATE INDEX tokens_by_participant ON tokens (participant) WHERE participant IS NOT NULL;
  CREATE INDEX tokens_by_forget ON tokens (forget_at) WHERE forget_at IS NOT NULL;
  CREATE TABLE sends (
    participant INTEGER NOT NULL REFERENCES participants (id), scope TEXT NOT NULL, fingerprint TEXT NOT NULL,
    receipts TEXT NOT NULL, forget_at INTEGER NOT NULL, PRIMARY KEY (participant, scope)) STRICT;
  CREATE INDEX sends_by_forget ON sends (forget_at);
  CREATE TABLE joins (
    scope TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, participant INTEGER NOT NULL REFERENCES participants (id),
    resumed INTEGER NOT NULL, forget_at INTEGER NOT NULL) STRICT;
  CREATE INDEX joins_by_participant ON joins (participant);
  CREATE INDEX joins_by_forget ON joins (forget_at);
  PRAGMA application_id = 0x484f4c44;
  PRAGMA user_version = 1;`;

const START_MS = Date.UTC(2026, 0, 5, 12);
const at = (ms: number): number => START_MS + ms;
const position = (ms: number, count = 0): number => at(ms) * 1_000 + count;

const RECEIPTS = [
  {
    id: '00000000-0000-7000-8000-000000000002',
    sentAtMs: at(20),
    recipients: [{ participantId: 'bob', listening: false }],
  },
];

/**
 * What version 0.1.0 wrote for this story, without some room events: Alice, Bob, Carol and Dave join the lobby, Bob
 * with a key, and Erin the attic. Carol joins again by her first token. Alice sends a message that expires, and one to
 * Bob with a key. Dave leaves. Bob acknowledges the first event of his mailbox.
 */
const ROWS = `
  INSERT INTO rooms VALUES (1, 'lobby', ${at(0)}), (2, 'attic', ${at(0)});
  INSERT INTO participants VALUES
    (1, 1, 'alice', 'alice0000000', 'Alice', '{"avatar":7}', ${at(0)}, 90000, 0),
    (2, 1, 'bob', 'bob000000000', NULL, NULL, ${at(0)}, 60000, ${position(0)}),
    (4, 1, 'carol', 'carol-200000', NULL, NULL, ${at(0)}, 60000, 0),
    (6, 2, 'erin', 'erin00000000', NULL, NULL, ${at(0)}, 60000, 0);
  INSERT INTO messages VALUES
    (2, ${position(0, 1)}, '019b8e07-4600-7f67-aade-c559de02d929', NULL, NULL, 0, 'participant-left',
      '{"participantId":"carol","reason":"replaced"}', NULL, ${at(0)}, ${at(0)}, NULL, 365, 0),
    (2, ${position(10)}, '00000000-0000-7000-8000-000000000001', 1, 'alice', 0, 'custom', NULL, NULL,
      ${at(10)}, ${at(10)}, NULL, 0, 1),
    (4, ${position(10)}, '00000000-0000-7000-8000-000000000001', 1, 'alice', 0, 'custom', NULL, NULL,
      ${at(10)}, ${at(10)}, NULL, 0, 1),
    (2, ${position(20)}, '00000000-0000-7000-8000-000000000002', 1, 'alice', 1, 'offer',
      '{"sdp" : "v=0"}', 'call-1', ${at(20)}, ${at(20)}, ${at(3_600_020)}, 343, 0),
    (2, ${position(30)}, '019b8e07-461e-7f63-8f7f-ca5913bdcb8a', NULL, NULL, 0, 'participant-left',
      '{"participantId":"dave","reason":"left"}', NULL, ${at(30)}, ${at(30)}, NULL, 360, 0);
  INSERT INTO tokens VALUES
    (1, 'alice_________________', 'digest of alice', 'used', 1, 'lobby', 'alice', NULL, NULL),
    (2, 'bob___________________', 'digest of bob', 'fresh', 2, 'lobby', 'bob', NULL, NULL),
    (3, 'carol-first___________', 'digest of carol-first', 'replaced', 4, 'lobby', 'carol', NULL, NULL),
    (4, 'carol_________________', 'digest of carol', 'fresh', 4, 'lobby', 'carol', NULL, NULL),
    (5, 'dave__________________', 'digest of dave', 'gone', NULL, 'lobby', 'dave', 'left', ${at(600_030)}),
    (6, 'erin__________________', 'digest of erin', 'fresh', 6, 'attic', 'erin', NULL, NULL);
  INSERT INTO sends VALUES (1, 'send:key', 'body', '${JSON.stringify(RECEIPTS)}', ${at(600_020)});
  INSERT INTO joins VALUES ('join bob', 'body', 2, 0, ${at(600_000)});
  UPDATE sqlite_sequence SET seq = 6 WHERE name = 'participants';`;

function releasedDatabase(more = ''): string {
  const path = join(temporaryDirectory(), 'holdline.db');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(SCHEMA + ROWS + more);
  db.close();
  return path;
}

function upgrade(): StoreFixture {
  const clock = new TestClock(at(1_030));
  const store = SqliteStore.open({ path: releasedDatabase(), synchronous: 'full', limits: WIDE_LIMITS, clock });
  onCleanUp(() => store.close());
  return new StoreFixture({ store, close: () => store.close() }, clock);
}

const handleOf = (name: string): TokenHandle => name.padEnd(22, '_') as TokenHandle;

/** A participant that joined before the upgrade. */
const member = (name: string, mailboxId: string, acknowledged = 0): Member => ({
  mailbox: { roomId: LOBBY, participantId: participantId(name), mailboxId: mailboxId as MailboxId },
  acknowledged,
  idleTimeoutMs: 60_000,
  resumed: false,
  replayed: false,
  participants: [] satisfies Joined['participants'],
  handle: handleOf(name),
  digest: `digest of ${name}` as TokenDigest,
});

const alice = member('alice', 'alice0000000');
const bob = member('bob', 'bob000000000', position(0));
const carol = member('carol', 'carol-200000');

describe('a database of version 0.1.0', () => {
  test('has the schema of a new database after the upgrade', async () => {
    const path = releasedDatabase();
    const [upgraded, fresh] = [path, join(temporaryDirectory(), 'fresh.db')].map((file) => {
      const opened = openDatabase({ path: file, synchronous: 'full' });
      const { db } = opened;
      const columns = db.prepare(
        `SELECT t.name AS "table", t.strict, c.name, c.type, c."notnull", c.dflt_value, c.pk
         FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.type = 'table' ORDER BY 1, c.cid`,
      );
      const indexes = db.prepare(
        `SELECT t.name AS "table", i.name, i."unique", i.partial, c.name AS column
         FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c ORDER BY 1, 2, c.seqno`,
      );
      const schema = { version: db.pragma('user_version'), columns: columns.all(), indexes: indexes.all() };
      expect(db.pragma('foreign_key_check')).toEqual([]);
      opened.close();
      return schema;
    });
    expect(upgraded).toEqual(fresh);
  });

  test('keeps its rooms and participants', async () => {
    const fixture = upgrade();
    expect(await fixture.store.participants(LOBBY)).toEqual([
      {
        participantId: 'alice',
        displayName: 'Alice',
        metadata: '{"avatar":7}',
        joinedAtMs: at(0),
        listening: false,
      },
      { participantId: 'bob', joinedAtMs: at(0), listening: false },
      { participantId: 'carol', joinedAtMs: at(0), listening: false },
    ]);
    expect(await fixture.store.listRooms(undefined, 10)).toEqual([
      { roomId: 'attic', participants: 1, createdAtMs: at(0) },
      { roomId: 'lobby', participants: 3, createdAtMs: at(0) },
    ]);
  });

  test('keeps its pending messages, their order, what has expired and the cursors', async () => {
    const fixture = upgrade();
    const page = await fixture.read(bob, { after: position(0) });
    expect(page).toMatchObject({ position: position(30), expired: 1, more: false });
    expect(page.messages).toMatchObject([
      {
        position: position(0, 1),
        type: 'participant-left',
        sender: undefined,
        payload: expect.stringContaining('carol'),
      },
      {
        id: RECEIPTS[0]?.id,
        position: position(20),
        sender: 'alice',
        recipient: 'bob',
        type: 'offer',
        payload: '{"sdp" : "v=0"}',
        callId: 'call-1',
        sentAtMs: at(20),
        ageMs: 1_010,
      },
      { position: position(30), type: 'participant-left', payload: expect.stringContaining('dave') },
    ]);
    expect(await fixture.read(carol)).toMatchObject({ messages: [], expired: 1 });
  });

  test('keeps its tokens in all four states', async () => {
    const fixture = upgrade();
    const names = ['alice', 'bob', 'carol', 'carol-first', 'dave', 'nobody'];
    const found = await Promise.all(names.map(async (name) => fixture.store.findToken(handleOf(name))));
    expect(found).toEqual([
      expect.objectContaining({ state: 'used', mailboxId: 'alice0000000', digest: 'digest of alice' }),
      expect.objectContaining({ state: 'fresh', mailboxId: 'bob000000000' }),
      expect.objectContaining({ state: 'fresh', mailboxId: 'carol-200000' }),
      expect.objectContaining({ state: 'replaced', participantId: 'carol' }),
      expect.objectContaining({ state: 'gone', reason: 'left' }),
      undefined,
    ]);
  });

  test('answers retries of joins and sends as before', async () => {
    const fixture = upgrade();
    expect(await fixture.sendKeyed(alice, 'key', [])).toEqual({ receipts: RECEIPTS, replayed: true });
    expect(await fixture.join('bob', { key: 'bob' })).toMatchObject({ replayed: true, mailbox: bob.mailbox });
    await expectRefusal(fixture.sendKeyed(alice, 'key', [], 'other'), 'idempotency-key-reused');
    await expectRefusal(fixture.join('bob', { key: 'bob', body: 'other' }), 'idempotency-key-reused');
  });

  test('forgets its keys and tokens in time', async () => {
    const fixture = upgrade();
    await fixture.passTime(600_000, alice, bob, carol);
    expect(await fixture.sendKeyed(alice, 'key', [], 'other')).toMatchObject({ replayed: false });
    await expectRefusal(fixture.join('bob', { key: 'bob' }), 'participant-exists');
    expect(await fixture.store.findToken(handleOf('dave'))).toBeUndefined();
  });

  test('gives the number of a departed participant to no other', () => {
    const path = releasedDatabase(`UPDATE sqlite_sequence SET seq = 41 WHERE name = 'participants'`);
    const opened = openDatabase({ path, synchronous: 'full' });
    const { row } = opened.db
      .prepare<[], { row: number }>(
        `INSERT INTO participants
           (room_id, participant_id, mailbox_id, room_created_at, joined_at, idle_timeout_ms, acknowledged)
         VALUES ('attic', 'frank', 'frank0000000', 0, 0, 60000, 0) RETURNING id AS row`,
      )
      .get() ?? { row: undefined };
    expect(row).toBe(42);
    opened.close();
  });

  test('goes on: joins, sends, acknowledgements, expiry and departures work, and survive a restart', async () => {
    const path = releasedDatabase();
    const clock = new TestClock(at(1_030));
    const open = () => SqliteStore.open({ path, synchronous: 'full', limits: WIDE_LIMITS, clock });
    const fixture = new StoreFixture({ store: open(), close: async () => undefined }, clock);
    await fixture.store.claimToken(bob.handle);
    await fixture.send(alice, outgoing('to Bob', { to: 'bob' }), outgoing('to all', { ttlMs: 1_000 }));
    await fixture.acknowledge(bob, position(20));
    expect(await fixture.inbox(bob)).toEqual(['left dave left', 'to Bob', 'to all']);
    const resumed = await fixture.rejoin(carol, { resume: true });
    expect(await fixture.read(resumed)).toMatchObject({ messages: [{ payload: '"to all"' }], expired: 1 });
    await fixture.join('frank');
    await fixture.passTime(1_000, alice, bob, carol);
    await fixture.leave(resumed, 'removed');
    await fixture.store.close();

    const store = open();
    const restarted = new StoreFixture({ store, close: () => store.close() }, clock);
    expect(await restarted.roster()).toEqual(['alice', 'bob', 'frank']);
    expect(await restarted.read(bob, { limit: 2 })).toMatchObject({ messages: [{}, { payload: '"to Bob"' }] });
    expect(await restarted.inbox(alice)).toEqual([
      'joined frank',
      'expired to bob',
      'expired to carol',
      'left carol removed',
    ]);
    expect(await restarted.tokenState(bob)).toBe('used');
    expect(await restarted.tokenState(resumed)).toBe('gone removed');
    await restarted.opened.close();
  });
});
