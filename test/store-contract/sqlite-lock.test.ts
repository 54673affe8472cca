import { afterEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { ServerProcess, temporaryDirectory } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';

afterEach(cleanUp);

const open = (path: string): SqliteStore =>
  SqliteStore.open({ path, synchronous: 'full', limits: WIDE_LIMITS, clock: new TestClock() });

const startServer = (path: string): Promise<ServerProcess> =>
  ServerProcess.start({ env: { STORE_URL: `sqlite:${path}` } });

const newPath = (): string => join(temporaryDirectory(), 'holdline.db');

test('a database that another process has open is refused, and free at once when that is killed', async () => {
  const path = newPath();
  const server = await startServer(path);
  expect(() => open(path)).toThrow(/holdline\.db is in use by another process$/);
  await server.kill();
  await open(path).close();
});

test('it is free again when it was closed in order, or refused', async () => {
  const path = newPath();
  await open(path).close();
  const store = open(path);
  expect(() => open(path)).toThrow(/in use/);
  await store.close();
  const server = await startServer(path);
  await server.stop();
  await open(path).close();
});

test('two at once: one has it', async () => {
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

test('backups may be made of it meanwhile', async () => {
  const path = newPath();
  const store = open(path);
  const reader = new Database(path, { readonly: true });
  const copy = newPath();
  await reader.backup(copy);
  reader.close();
  await store.close();
  await open(copy).close();
});
