import { afterEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { join as inside } from 'node:path';
import { Command, killAll } from '../support/command.ts';
import { cleanUp } from '../support/clean-up.ts';
import { call, problemOf } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';
import { ServerProcess, temporaryDirectory } from '../support/server-process.ts';

afterEach(cleanUp);
afterEach(killAll);

async function setUp() {
  const path = inside(temporaryDirectory(), 'holdline.db');
  const env = {
    STORE_URL: `sqlite:${path}`,
    RATE_LIMIT: 'off',
    MAX_MAILBOX_BYTES: '100000000',
    MAX_MAILBOX_MESSAGES: '100000',
  };
  const { url } = await ServerProcess.start({ env });
  const alice = await join(url, newRoom(), 'alice');
  await join(url, alice.roomId, 'bob');
  return { path, url, alice };
}

test('while a backup runs, every send is stored', async () => {
  const { path, alice } = await setUp();
  for (let message = 0; message < 200; message += 1) {
    await alice.send({ to: 'bob', type: 'custom', payload: 'x'.repeat(60_000) });
  }
  const backup = new Command(['backup', `${path}.copy`, '--store-url', `sqlite:${path}`]);
  const copying = { isDone: false };
  void backup.ended.then(() => (copying.isDone = true));
  // A send that met a lock would be refused after a tenth of a second.
  while (!copying.isDone) await alice.send({ to: 'bob', type: 'ringing' });
  expect(await backup.ended).toMatchObject({ code: 0 });
});

test('while another process locks the database, sends get 503 and reads are served; sends work again after the lock is released', async () => {
  const { path, url, alice } = await setUp();
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  const body = { to: 'bob', type: 'ringing' };
  const refused = await Promise.all(Array.from({ length: 20 }, () => alice.call('sendMessage', { body })));
  for (const answer of refused) {
    expect(problemOf(answer, 'storage-unavailable').retryable).toBe(true);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  expect(await call(url, 'getHealth', {})).toMatchObject({ status: 200 });
  expect(await alice.call('receiveMessages', { query: { wait: 0 } })).toMatchObject({ status: 200 });
  other.exec('ROLLBACK');
  other.close();
  expect(await alice.call('sendMessage', { body })).toMatchObject({ status: 201 });
});
