import { afterEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { statSync } from 'node:fs';
import { join as inside } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { join } from '../support/member.ts';
import { temporaryDirectory } from '../support/server-process.ts';

afterEach(closeServices);
afterEach(cleanUp);

const JOINS_PER_SECOND = 40;
const SECONDS = 20;
/** The idle timeout, then the time for which tombstones of tokens are kept, then the sweep. */
const UNTIL_FORGOTTEN_MS = 60_000 + 600_000 + 20_000;

test('abandoned joins at 40/s leave no room, no row and no growing file', async () => {
  const clock = new TestClock();
  const path = inside(temporaryDirectory(), 'holdline.db');
  const { app, store } = await createService({ store: { kind: 'sqlite', path }, rateLimit: 'off' }, { clock });
  let room = 0;
  const wave = async (): Promise<{ rooms: number; fileBytes: number }> => {
    for (let second = 0; second < SECONDS; second += 1) {
      await Promise.all(Array.from({ length: JOINS_PER_SECOND }, () => join(app, `room-${(room += 1)}`)));
      await clock.advance(1_000);
    }
    const peak = await store.usage();
    await clock.advance(UNTIL_FORGOTTEN_MS);
    return peak;
  };
  expect(await wave()).toMatchObject({ rooms: JOINS_PER_SECOND * SECONDS });
  expect(await store.usage()).toMatchObject({ rooms: 0, participants: 0, liveBytes: 0 });
  expect(rowsIn(path)).toEqual({ participants: 0, messages: 0, tokens: 0, gone_tokens: 0, sends: 0 });
  const before = { bytes: (await store.usage()).fileBytes, log: statSync(`${path}-wal`).size };
  await wave();
  expect((await store.usage()).fileBytes).toBeLessThanOrEqual(before.bytes * 1.1);
  expect(statSync(`${path}-wal`).size).toBeLessThanOrEqual(Math.max(before.log * 1.1, 8 * 1024 * 1024));
});

function rowsIn(path: string): Record<string, number> {
  const db = new Database(path, { readonly: true });
  const tables = ['participants', 'messages', 'tokens', 'gone_tokens', 'sends'];
  const counts = tables.map((table) => [table, db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()] as const);
  db.close();
  return Object.fromEntries(counts) as Record<string, number>;
}
