import { afterEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import type { RoomId } from '../../src/signalling/ids.ts';
import type { Hint } from '../../src/signalling/store.ts';
import { GroupCommit, type Tx } from '../../src/store/sqlite/group-commit.ts';
import { roomId } from './store-fixture.ts';

const opened: Database.Database[] = [];
afterEach(() => {
  for (const db of opened.splice(0)) db.close();
});

/** Group commit over one table, with its telemetry. */
function setUp() {
  const db = new Database(':memory:');
  opened.push(db);
  db.pragma('foreign_keys = ON');
  db.exec('CREATE TABLE items (name TEXT UNIQUE, filler BLOB)');
  db.exec('CREATE TABLE debts (item TEXT REFERENCES items (name) DEFERRABLE INITIALLY DEFERRED)');
  const insert = db.prepare('INSERT INTO items (name, filler) VALUES (?, zeroblob(?))');
  const promise = db.prepare('INSERT INTO debts (item) VALUES (?)');
  const told = { commits: [] as number[], rolledBack: [] as RoomId[][], hints: [] as Hint[] };
  const commit = new GroupCommit({
    db,
    onRollback: (rooms) => told.rolledBack.push([...rooms]),
    onHint: (hint) => told.hints.push(hint),
    onCommit: (operations) => told.commits.push(operations),
    obstacle: () => undefined,
  });
  const add =
    (name: string, bytes = 0) =>
    (tx: Tx): string => {
      tx.touch(roomId(name));
      insert.run(name, bytes);
      tx.hint({ kind: 'messages', mailboxId: name as never });
      return name;
    };
  const owe = (name: string) => (tx: Tx) => {
    tx.touch(roomId(name));
    promise.run('nobody');
  };
  const names = () => db.prepare('SELECT name FROM items ORDER BY rowid').pluck().all();
  return { db, commit, told, add, owe, names };
}

describe('group commit', () => {
  test('concurrent operations share one transaction, in their order', async () => {
    const { commit, told, add, names } = setUp();
    const all = Array.from({ length: 20 }, (_, index) => `${index}`);
    expect(await Promise.all(all.map((name) => commit.run(add(name))))).toEqual(all);
    expect(told.commits).toEqual([20]);
    expect(names()).toEqual(all);
  });

  test('a single operation does not wait for others', async () => {
    const { commit, told, add } = setUp();
    for (const name of ['1', '2', '3']) await commit.run(add(name));
    expect(told.commits).toEqual([1, 1, 1]);
  });

  test('a failing operation fails alone, and the others run once', async () => {
    const { commit, told, add, names } = setUp();
    await commit.run(add('taken'));
    const outcomes = await Promise.allSettled(['1', 'taken', '2'].map((name) => commit.run(add(name))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_UNIQUE' } });
    expect(names()).toEqual(['taken', '1', '2']);
    expect(told.rolledBack[0]).toEqual(['1', 'taken']);
  });

  test('an operation that throws an unknown error fails alone', async () => {
    const { commit, add, names } = setUp();
    const bug = (tx: Tx): never => {
      add('half done')(tx);
      throw new TypeError('a bug');
    };
    const outcomes = await Promise.allSettled([commit.run(add('1')), commit.run(bug), commit.run(add('2'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(names()).toEqual(['1', '2']);
  });

  test('an operation that makes the COMMIT fail fails alone', async () => {
    const { db, commit, told, add, owe, names } = setUp();
    const outcomes = await Promise.allSettled([commit.run(add('1')), commit.run(owe('2')), commit.run(add('3'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_FOREIGNKEY' } });
    expect(names()).toEqual(['1', '3']);
    expect(told.rolledBack).toEqual([['1', '2', '3'], ['2']]);
    expect(db.inTransaction).toBe(false);
  });

  test('a full database is `storage-unavailable`, and it recovers', async () => {
    const { db, commit, told, add, names } = setUp();
    await commit.run(add('before'));
    db.pragma('max_page_count = 20');
    const outcomes = await Promise.allSettled([commit.run(add('small')), commit.run(add('large', 1_000_000))]);
    expect(outcomes[0]).toMatchObject({ status: 'fulfilled' });
    expect(outcomes[1]).toMatchObject({ reason: { name: 'SignallingError', code: 'storage-unavailable' } });
    expect(told.rolledBack.at(-1)).toEqual(['large']);

    db.pragma('max_page_count = 100000');
    await commit.run(add('large', 1_000_000));
    expect(names()).toEqual(['before', 'small', 'large']);
  });

  test('hints follow the commit, and a failed operation causes none', async () => {
    const { db, commit, told, add } = setUp();
    await commit.run(add('taken'));
    told.hints.length = 0;
    const seen: boolean[] = [];
    const watching = new GroupCommit({
      db,
      onRollback: () => undefined,
      onHint: () => seen.push(db.inTransaction),
      onCommit: () => undefined,
      obstacle: () => undefined,
    });
    const outcomes = await Promise.allSettled(['1', 'taken', '2'].map((name) => watching.run(add(name))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(seen).toEqual([false, false]);
  });

  test('waiting operations can be committed at once', async () => {
    const { commit, add, names } = setUp();
    const added = commit.run(add('1'));
    commit.flush();
    expect(names()).toEqual(['1']);
    await added;
    await commit.run(add('2'));
    expect(names()).toEqual(['1', '2']);
  });
});
