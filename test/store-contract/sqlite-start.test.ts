import { afterEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';
import { outgoing, StoreFixture } from './store-fixture.ts';

afterEach(cleanUp);

const newPath = (): string => join(temporaryDirectory(), 'holdline.db');

async function openStore(path: string): Promise<StoreFixture> {
  const clock = new TestClock();
  const store = SqliteStore.open({ path, synchronous: 'full', limits: WIDE_LIMITS, clock });
  return new StoreFixture({ store, close: () => store.close() }, clock);
}

/** A closed database that contains data. */
async function used(path = newPath()): Promise<string> {
  const fixture = await openStore(path);
  const [alice] = await fixture.joinAll('alice', 'bob');
  for (let sent = 0; sent < 20; sent += 1) await fixture.send(alice, outgoing(`precious ${sent} ${'x'.repeat(1_000)}`));
  await fixture.opened.close();
  return path;
}

/** The same database as a killed process leaves it: with a write-ahead log that is not checkpointed. */
async function killed(): Promise<string> {
  const path = newPath();
  const fixture = await openStore(path);
  const [alice] = await fixture.joinAll('alice', 'bob');
  await fixture.send(alice, outgoing('precious'));
  const copy = newPath();
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
  await fixture.opened.close();
  return copy;
}

function inDatabase(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

/** Every file of the database with its content, except its lock, its shared memory and an empty log. */
function files(path: string): Record<string, string> {
  const directory = join(path, '..');
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.lock|-shm$/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => !(name.endsWith('-wal') && statSync(join(directory, name)).size === 0));
  const hashOf = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex');
  return Object.fromEntries(names.map((name) => [name, hashOf(name)]));
}

/** Expects a refusal in one line that names the file, and unchanged files. */
function refusal(path: string): string {
  const before = files(path);
  let line = '';
  try {
    SqliteStore.open({ path, synchronous: 'full', limits: WIDE_LIMITS, clock: new TestClock() });
  } catch (error) {
    expect(error).toMatchObject({ name: 'StoreError' });
    line = (error as Error).message;
  }
  expect(line).toContain(path);
  expect(line).not.toContain('\n');
  expect(files(path)).toEqual(before);
  return line;
}

describe('a fresh database', () => {
  test('is created with its directories, the application id and the schema', async () => {
    const path = join(temporaryDirectory(), 'some', 'where', 'holdline.db');
    await used(path);
    const db = new Database(path, { readonly: true });
    const pragma = (name: string): unknown => db.pragma(name, { simple: true });
    expect(pragma('application_id')).toBe(Buffer.from('HOLD').readInt32BE());
    expect(pragma('user_version')).toBe(readdirSync('migrations').length);
    expect(pragma('journal_mode')).toBe('wal');
    const tables = db.prepare(
      `SELECT name, "strict" FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
    );
    for (const table of tables.all()) expect(table).toMatchObject({ strict: 1 });
    db.close();
  });

  test('may be an existing empty file', async () => {
    const path = newPath();
    writeFileSync(path, '');
    await used(path);
  });
});

describe('a database of this version', () => {
  test('is opened again with all its data', async () => {
    const path = await used();
    const fixture = await openStore(path);
    expect(await fixture.roster()).toEqual(['alice', 'bob']);
    await fixture.opened.close();
  });

  test('is whole after its process was killed', async () => {
    const fixture = await openStore(await killed());
    expect(await fixture.roster()).toEqual(['alice', 'bob']);
    await fixture.opened.close();
  });

  test.each([
    ['full', 2],
    ['normal', 1],
  ] as const)('is really written with synchronous = %s', (synchronous, level) => {
    const opened = openDatabase({ path: newPath(), synchronous });
    const { db } = opened;
    db.exec('CREATE TABLE written (x); INSERT INTO written VALUES (1)');
    expect(db.pragma('synchronous', { simple: true })).toBe(level);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    opened.close();
  });
});

test('the write-ahead log frees the disk space that it took during a backup', () => {
  const path = newPath();
  const opened = openDatabase({ path, synchronous: 'normal' });
  opened.db.exec('CREATE TABLE written (x)');
  const reader = new Database(path, { readonly: true });
  reader.exec('BEGIN; SELECT * FROM written');
  const write = opened.db.prepare('INSERT INTO written VALUES (zeroblob(1000000))');
  for (let megabyte = 0; megabyte < 24; megabyte += 1) write.run();
  const logBytes = () => statSync(`${path}-wal`).size;
  expect(logBytes()).toBeGreaterThan(24_000_000);
  reader.close();
  // The first write copies the log back, the second one restarts it.
  write.run();
  write.run();
  expect(logBytes()).toBeLessThanOrEqual(16 * 1024 * 1024);
  opened.close();
});

describe('a start is refused in one line, and every file stays as it was, on', () => {
  test('a database of a newer version', async () => {
    const path = await used();
    inDatabase(path, 'PRAGMA user_version = 99');
    expect(refusal(path)).toMatch(/schema 99.*newer version/);
  });

  test('a database of a newer version that was killed', async () => {
    const path = await killed();
    const db = new Database(path);
    db.pragma('user_version = 99');
    const copy = newPath();
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
    db.close();
    expect(refusal(copy)).toMatch(/schema 99/);
  });

  test("another program's database", () => {
    const path = newPath();
    inDatabase(path, 'CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)');
    expect(refusal(path)).toMatch(/another program/);
  });

  test("another program's database that differs from ours only in the application id", async () => {
    const path = await used();
    inDatabase(path, 'PRAGMA application_id = 7');
    expect(refusal(path)).toMatch(/another program/);
  });

  test('a file that is no database', () => {
    const path = newPath();
    writeFileSync(path, 'These are the minutes of the meeting.\n'.repeat(500));
    expect(refusal(path)).toMatch(/corrupt or no SQLite database/);
  });

  test.each([
    ['overwritten in the middle', (bytes: Buffer) => bytes.fill(0x2a, 4_096, 32_768)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 12_288)],
    ['overwritten at its start', (bytes: Buffer) => bytes.fill(0, 0, 200)],
  ])('a database that was %s', async (_, damage) => {
    const path = await used();
    writeFileSync(path, damage(readFileSync(path)));
    expect(refusal(path)).toMatch(/corrupt/);
  });

  test('a directory', () => {
    const path = newPath();
    mkdirSync(path);
    expect(refusal(path)).toMatch(/cannot open/);
  });

  test('a path whose directory cannot be created', () => {
    const file = newPath();
    writeFileSync(file, 'a file');
    const path = join(file, 'holdline.db');
    expect(() => openDatabase({ path, synchronous: 'full' })).toThrow(/^cannot open the database [^\n]+$/);
    expect(existsSync(path)).toBe(false);
  });
});
