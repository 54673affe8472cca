import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join as inside } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, type Member } from '../support/member.ts';
import { temporaryDirectory } from '../support/server-process.ts';

afterEach(closeServices);
afterEach(cleanUp);

let clock: TestClock;
let path: string;
let app: Express;
let alice: Member;
beforeEach(async () => {
  clock = new TestClock();
  path = inside(temporaryDirectory(), 'holdline.db');
  const settings = { store: { kind: 'sqlite', path }, rateLimit: 'off', logLevel: 'silent' } as const;
  ({ app } = await createService(settings, { clock }));
  alice = await join(app, 'room', 'alice');
  await join(app, 'room', 'bob');
});

const send = () => alice.call('sendMessage', { body: { to: 'bob', type: 'ringing' } });
const ready = () => call(app, 'getReadiness', {});

function replaceByCopy(): void {
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
}

/** Ways to remove or replace a file that the service has open. */
const losses: readonly (readonly [string, () => void])[] = [
  ['is deleted', () => rmSync(path)],
  ['is moved away', () => renameSync(path, `${path}.away`)],
  ['is replaced by a copy', replaceByCopy],
  ['is deleted with its directory', () => rmSync(inside(path, '..'), { recursive: true })],
  ['loses its write-ahead log', () => rmSync(`${path}-wal`)],
  ['loses its shared-memory index', () => rmSync(`${path}-shm`)],
];

describe('when a database file in use', () => {
  test.each(losses)('%s, sends get 503 after a second and /readyz is red at its next check', async (_, lose) => {
    expect([(await send()).status, (await ready()).status]).toEqual([201, 200]);
    lose();
    await clock.advance(1_000);
    expect(problemOf(await send(), 'storage-unavailable').retryable).toBe(true);
    problemOf(await call(app, 'joinRoom', { roomId: 'room' }), 'storage-unavailable');
    await clock.advance(3_000);
    problemOf(await ready(), 'storage-unavailable');
    expect(await alice.call('receiveMessages', { query: { wait: 0 } })).toMatchObject({ status: 200 });
  });

  test('is put back, sends and /readyz work again without a restart', async () => {
    await send();
    renameSync(path, `${path}.away`);
    await clock.advance(1_000);
    problemOf(await send(), 'storage-unavailable');
    renameSync(`${path}.away`, path);
    await clock.advance(3_000);
    expect([(await send()).status, (await ready()).status]).toEqual([201, 200]);
  });
});
