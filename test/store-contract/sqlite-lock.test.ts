import { afterEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { existsSync, linkSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cleanUp } from '../support/clean-up.ts';
import { pass, TestClock } from '../support/clock.ts';
import { ServerProcess, temporaryDirectory } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';

afterEach(cleanUp);

const open = (path: string): SqliteStore =>
  SqliteStore.open({ path, synchronous: 'full', limits: WIDE_LIMITS, clock: new TestClock() });

const startServer = (path: string): Promise<ServerProcess> =>
  ServerProcess.start({ env: { STORE_URL: `sqlite:${path}` } });

const newPath = (): string => join(temporaryDirectory(), 'holdline.db');

test('a database that another process has open is refused, and free at once when that process is killed', async () => {
  const path = newPath();
  const server = await startServer(path);
  expect(() => open(path)).toThrow(/holdline\.db is in use by another process$/);
  await server.kill();
  await open(path).close();
});

test('a database is free again after it was closed or refused', async () => {
  const path = newPath();
  await open(path).close();
  const store = open(path);
  expect(() => open(path)).toThrow(/in use/);
  await store.close();
  const server = await startServer(path);
  await server.stop();
  await open(path).close();
});

test('one of two concurrent starts gets the database', async () => {
  const path = newPath();
  const opened = [1, 2, 3].flatMap(() => {
    try {
      return [open(path)];
    } catch {
      return [];
    }
  });
  expect(opened).toHaveLength(1);
  for (const store of opened) await store.close();
});

const otherNames: readonly (readonly [string, (path: string) => string])[] = [
  ['a symbolic link to it', (path) => linked(path, (name) => symlinkSync(path, name))],
  ['a hard link to it', (path) => linked(path, (name) => linkSync(path, name))],
  ['a symbolic link to its directory', (path) => throughLinkedDirectory(path)],
  ['a path with dots', (path) => join(dirname(path), 'x') + '/../' + basename(path)],
];

function linked(path: string, link: (name: string) => void): string {
  const name = `${path}.other`;
  link(name);
  return name;
}

function throughLinkedDirectory(path: string): string {
  const directory = join(temporaryDirectory(), 'linked');
  symlinkSync(dirname(path), directory);
  return join(directory, basename(path));
}

test.each(otherNames)('a database that another process has open is refused by another name: %s', async (_, rename) => {
  const path = newPath();
  mkdirSync(join(dirname(path), 'x'));
  await startServer(path);
  expect(() => open(rename(path))).toThrow(/is in use by another process$|has 2 names/);
});

test('a database that another process has open is refused, even if its lock file was deleted', async () => {
  const path = newPath();
  const server = await startServer(path);
  rmSync(`${path}.lock`);
  expect(() => open(path)).toThrow(/holdline\.db is in use by another process$/);
  await server.kill();
  await open(path).close();
});

test('a second server in the same process is refused, even if the lock file was deleted', async () => {
  const path = newPath();
  const store = open(path);
  rmSync(`${path}.lock`);
  expect(() => open(path)).toThrow(/in use by another process$/);
  await store.close();
});

test('a database with two names is refused until one is removed', async () => {
  const path = newPath();
  await open(path).close();
  linkSync(path, `${path}.other`);
  expect(() => open(path)).toThrow(/^the database .* has 2 names \(hard links\)[^\n]*$/);
  rmSync(`${path}.other`);
  await open(path).close();
});

test('a start waits for a reader such as a backup to finish', async () => {
  const path = newPath();
  await open(path).close();
  rmSync(`${path}.lock`);
  const reader = new Database(path, { readonly: true });
  reader.pragma('schema_version');
  const starting = startServer(path);
  while (!existsSync(`${path}.lock`)) await pass(1);
  reader.close();
  await (await starting).stop();
});

test('a backup can be made of an open database', async () => {
  const path = newPath();
  const store = open(path);
  const reader = new Database(path, { readonly: true });
  const copy = newPath();
  await reader.backup(copy);
  reader.close();
  await store.close();
  await open(copy).close();
});
