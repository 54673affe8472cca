import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JoinResult } from '../../src/wire/index.ts';
import { Command, killAll } from '../support/command.ts';
import { cleanUp } from '../support/clean-up.ts';
import { FetchMember } from '../support/fetch-member.ts';
import { join as joinRoom } from '../support/member.ts';
import { ServerProcess, temporaryDirectory } from '../support/server-process.ts';

afterEach(killAll);
afterAll(cleanUp);

const PAGE_BYTES = 4_096;

/** The database of a stopped server, with a message for Bob. */
let sound: Buffer;
let bob: JoinResult;

beforeAll(async () => {
  const path = join(temporaryDirectory(), 'holdline.db');
  const server = await ServerProcess.start({ env: { STORE_URL: `sqlite:${path}` } });
  const alice = await joinRoom(server.url, 'room', 'alice');
  bob = (await joinRoom(server.url, 'room', 'bob')).joined;
  await alice.send({ to: 'bob', type: 'custom', payload: 'precious', ttlSeconds: 300 });
  await server.stop();
  sound = readFileSync(path);
});

function databaseOf(bytes: Buffer): string {
  const path = join(temporaryDirectory(), 'holdline.db');
  writeFileSync(path, bytes);
  return path;
}

/** Expects that the start is refused with one line on stderr that names the file. */
async function refusal(path: string): Promise<string> {
  const { code, stdout, stderr } = await new Command(['--port', '0', '--store-url', `sqlite:${path}`]).ended;
  expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
  expect(stderr).toContain(path);
  return stderr;
}

function inDatabase<T>(path: string, work: (db: Database.Database) => T): T {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

describe('the start is refused with one line, and nothing is changed,', () => {
  test.each([
    ['whose header is overwritten', () => Buffer.from(sound).fill(0x2a, 0, 100)],
    ['whose pages are overwritten', () => Buffer.from(sound).fill(0x2a, PAGE_BYTES, 8 * PAGE_BYTES)],
    ['that is truncated', () => sound.subarray(0, 5 * PAGE_BYTES)],
  ])('on a database %s', async (_, spoil) => {
    const spoilt = spoil();
    const path = databaseOf(spoilt);
    expect(await refusal(path)).toMatch(/corrupt|no SQLite database/);
    expect(readFileSync(path)).toEqual(spoilt);
  });

  test('on a database of a newer version, which still works with that version', async () => {
    const path = databaseOf(sound);
    const known = inDatabase(path, (db) => db.pragma('user_version', { simple: true }) as number);
    inDatabase(path, (db) => db.pragma('user_version = 99'));
    expect(await refusal(path)).toMatch(/schema 99, but this version knows only up to \d+/);

    inDatabase(path, (db) => db.pragma(`user_version = ${known}`));
    const server = await ServerProcess.start({ env: { STORE_URL: `sqlite:${path}` } });
    const { messages } = await new FetchMember(server.url, bob).poll({ after: bob.cursor });
    expect(messages).toMatchObject([{ from: 'alice', payload: 'precious' }]);
  });

  test('on a path whose directories cannot be created, even where the system reports ENOENT', async () => {
    expect(await refusal('/proc/holdline/data/holdline.db')).toContain('cannot open the database');
  });

  test("on another program's database", async () => {
    const path = join(temporaryDirectory(), 'other.db');
    inDatabase(path, (db) => db.exec(`CREATE TABLE messages (text TEXT); INSERT INTO messages VALUES ('theirs')`));
    const before = readFileSync(path);
    expect(await refusal(path)).toContain('belongs to another program');
    expect(readFileSync(path)).toEqual(before);
  });
});
