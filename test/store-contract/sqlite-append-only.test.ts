import { afterEach, expect, jest, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { AppendOnlyRows } from '../../src/store/sqlite/append-only-rows.ts';
import type { Tx } from '../../src/store/sqlite/group-commit.ts';
import { MemoryIndex } from '../../src/store/sqlite/memory-index.ts';
import { openFileStore, type FileStore } from '../support/store.ts';
import { fixtures, numbered, outgoing, type StoreFixture } from './store-fixture.ts';

// What is remembered for 600 s is found in memory; its rows are only appended, and deleted from the oldest on.

const open = fixtures(openFileStore('normal'));
const STAY = { idleTimeoutMs: 3_600_000 };

afterEach(() => {
  jest.restoreAllMocks();
});

function rows({ opened }: StoreFixture<FileStore>): { sends: number; goneTokens: number } {
  const db = new Database(opened.path, { readonly: true });
  const count = (table: string): number => db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0;
  const counts = { sends: count('sends'), goneTokens: count('gone_tokens') };
  db.close();
  return counts;
}

test('rows of 600 s ago are deleted, also those of departed participants; later ones stay', async () => {
  const fixture = await open();
  const [alice, bob] = [await fixture.join('alice', STAY), await fixture.join('bob', STAY)];
  await fixture.sendKeyed(alice, 'old', [outgoing('1')]);
  await fixture.sendKeyed(bob, 'old', [outgoing('1')]);
  await fixture.leave(bob);
  await fixture.passTime(300_000);
  await fixture.sendKeyed(alice, 'new', [outgoing('2')]);
  await fixture.leave(await fixture.join('carol'));
  expect(rows(fixture)).toEqual({ sends: 3, goneTokens: 2 });

  await fixture.passTime(310_000);
  expect(rows(fixture)).toEqual({ sends: 1, goneTokens: 1 });
  expect(await fixture.sendKeyed(alice, 'new', [])).toMatchObject({ replayed: true });
  await fixture.passTime(310_000);
  expect(rows(fixture)).toEqual({ sends: 0, goneTokens: 0 });
  expect(await fixture.sendKeyed(alice, 'new', [])).toMatchObject({ replayed: false });
});

test('a key that is stored in the commit that forgets all others is known', async () => {
  const fixture = await open();
  const alice = await fixture.join('alice', STAY);
  await fixture.sendKeyed(alice, 'old', []);
  await fixture.clock.advance(610_000);
  const sweeping = fixture.store.sweep();
  await Promise.all([sweeping, fixture.sendKeyed(alice, 'new', [])]);
  expect(rows(fixture)).toMatchObject({ sends: 1 });
  expect(await fixture.sendKeyed(alice, 'new', [])).toMatchObject({ replayed: true });
});

test('a backlog is deleted in slices, as after a long stop', async () => {
  const fixture = await open();
  const alice = await fixture.join('alice', STAY);
  for (const { payload } of numbered(600)) await fixture.sendKeyed(alice, String(payload), []);
  await fixture.clock.advance(700_000);
  await fixture.opened.kill();
  expect(rows(fixture)).toMatchObject({ sends: 600 });
  await fixture.sweep();
  expect(rows(fixture)).toMatchObject({ sends: 0 });
});

test('outcomes count as live bytes until they are forgotten or their participant is gone', async () => {
  const fixture = await open();
  const [alice, bob] = [await fixture.join('alice', STAY), await fixture.join('bob', STAY)];
  const liveBytes = async () => (await fixture.store.usage()).liveBytes;
  await fixture.acknowledgeAll(alice);
  const before = await liveBytes();
  for (const key of ['1', '2', '3']) await fixture.sendKeyed(alice, key, []);
  const kept = (await liveBytes()) - before;
  expect(kept).toBeGreaterThan(0);
  await fixture.opened.kill();
  expect(await liveBytes()).toBe(before + kept);
  await fixture.passTime(610_000);
  expect(await liveBytes()).toBe(before);

  for (const key of ['1', '2', '3']) await fixture.sendKeyed(bob, key, []);
  await fixture.leave(bob);
  await fixture.acknowledgeAll(alice);
  expect(await liveBytes()).toBeLessThan(before);
  await fixture.opened.kill();
  expect(await liveBytes()).toBeLessThan(before);
});

test('an entry that was dropped takes no memory: it is not forgotten once more', () => {
  const forgotten: { row: number }[] = [];
  const rowsInMemory = new AppendOnlyRows<{ row: number }>({
    lastOverdue: { get: () => ({ row: 2 }) } as never,
    deleteUpTo: { run: () => ({ changes: 2 }) } as never,
    onForget: (entry) => forgotten.push(entry),
  });
  const tx = { afterCommit: (listener: () => void) => listener() } as Tx;
  const [dropped, kept, later] = [{ row: 1 }, { row: 2 }, { row: 3 }];
  for (const entry of [dropped, kept, later]) rowsInMemory.load(entry);
  rowsInMemory.drop(tx, [dropped]);
  rowsInMemory.forget(tx, 0, 100);
  expect(forgotten).toEqual([kept]);
});

test('what is left of the sends of a departed or replaced participant is rows alone', async () => {
  const fixture = await open();
  const [alice, bob] = [await fixture.join('alice', STAY), await fixture.join('bob', STAY)];
  const carol = await fixture.join('carol', STAY);
  for (const sender of [alice, bob, carol]) await fixture.sendKeyed(sender, 'key', []);
  await fixture.leave(bob);
  await fixture.join('carol', { ...STAY, proof: { kind: 'trusted' } });
  const lookUps = jest.spyOn(MemoryIndex.prototype, 'byRow');
  await fixture.passTime(610_000);
  expect(rows(fixture)).toMatchObject({ sends: 0 });
  // Each outcome in memory is taken away from its sender.
  expect(lookUps).toHaveBeenCalledTimes(1);
});

test('a key that is stored after the clock went back in a restart is known for 600 s', async () => {
  const fixture = await open();
  const alice = await fixture.join('alice', STAY);
  await fixture.sendKeyed(alice, 'before', []);
  fixture.clock.jumpWall(-3_600_000);
  const clock = fixture.clock.restarted();
  await fixture.opened.kill(clock);
  await fixture.sendKeyed(alice, 'after', []);
  await clock.advance(600_000);
  while (await fixture.store.sweep());
  expect(await fixture.sendKeyed(alice, 'after', [])).toMatchObject({ replayed: false });
  expect(await fixture.sendKeyed(alice, 'before', [])).toMatchObject({ replayed: true });
});
