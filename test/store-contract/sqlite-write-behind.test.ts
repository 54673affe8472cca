import { afterEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { decodeCursor, encodeCursor } from '../../src/signalling/cursor.ts';
import { newMailboxId, newMessageId, type JsonText } from '../../src/signalling/ids.ts';
import type { Mailbox } from '../../src/signalling/message.ts';
import { mintToken } from '../../src/signalling/tokens.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';
import { participantId, roomId } from './store-fixture.ts';

afterEach(cleanUp);

async function member(store: SqliteStore, name: string): Promise<Mailbox> {
  const joined = await store.join({
    roomId: roomId('lobby'),
    participantId: participantId(name),
    resume: false,
    proof: { kind: 'none' },
    profile: {},
    defaultIdleTimeoutMs: 60_000,
    token: mintToken(),
    mailboxId: newMailboxId(),
  });
  return joined.mailbox;
}

async function setUp() {
  const path = join(temporaryDirectory(), 'holdline.db');
  const clock = new TestClock();
  const store = SqliteStore.open({ path, synchronous: 'normal', limits: WIDE_LIMITS, clock });
  onCleanUp(() => store.close());
  const alice = await member(store, 'alice');
  const bob = await member(store, 'bob');
  const sendAndAcknowledge = async (): Promise<void> => {
    const message = { id: newMessageId(clock.wallMs()), recipient: bob.participantId, type: 'custom', ttlMs: 60_000 };
    await store.append({ sender: alice, messages: [{ ...message, payload: '1' as JsonText }] });
    const { position } = store.read(bob, { after: undefined, limit: 10, maxBytes: 1_000 });
    store.acknowledgeWriteBehind(bob, decodeCursor(encodeCursor({ mailboxId: bob.mailboxId, position })));
  };
  const other = new Database(path);
  onCleanUp(() => other.close());
  const rowsOfBob = () => other.prepare(`SELECT count(*) FROM messages WHERE addressed = 1`).pluck().get() as number;
  return { store, clock, other, sendAndAcknowledge, rowsOfBob };
}

test('write-behind acknowledgements that met a locked database are written once it is free', async () => {
  const { clock, other, sendAndAcknowledge, rowsOfBob } = await setUp();
  await sendAndAcknowledge();
  other.exec('BEGIN IMMEDIATE');
  await clock.advance(300);
  other.exec('ROLLBACK');
  expect(rowsOfBob()).toBe(1);
  await clock.advance(300);
  expect(rowsOfBob()).toBe(0);
  await sendAndAcknowledge();
  await clock.advance(300);
  expect(rowsOfBob()).toBe(0);
});

test('a store that cannot write its last acknowledgements still closes', async () => {
  const { store, other, sendAndAcknowledge } = await setUp();
  await sendAndAcknowledge();
  other.exec('BEGIN IMMEDIATE');
  await store.close();
  other.exec('ROLLBACK');
});
