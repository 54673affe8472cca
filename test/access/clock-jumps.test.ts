import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { IceServersResult, JoinResult } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { accessToken, SECRET } from './credentials.ts';

const HOUR_MS = 3_600_000;

let clock: TestClock;
let app: Express;
beforeEach(async () => {
  clock = new TestClock();
  const turn = { turnUrls: ['turn:turn.example.com'], turnSecret: ['relay'] };
  ({ app } = await createService({ accessTokenSecret: SECRET, rateLimitJoinsPerMinute: 2, ...turn }, { clock }));
});
afterEach(closeServices);

const join = async (sub: string) =>
  call(app, 'joinRoom', { roomId: 'lobby' }, { token: await accessToken(clock.wallMs(), { sub }) });

describe.each([
  ['ahead', HOUR_MS],
  ['back', -HOUR_MS],
])('when the wall clock jumps an hour %s', (_, jumpMs) => {
  test('a jump of the wall clock neither fills nor empties rate limits', async () => {
    expect([(await join('alice')).status, (await join('alice')).status]).toEqual([201, 201]);
    clock.jumpWall(jumpMs);
    problemOf(await join('alice'), 'rate-limited');
    await clock.advance(30_000);
    expect([(await join('alice')).status, (await join('alice')).status]).toEqual([201, 429]);
  });

  test('access tokens and TURN credentials follow a jump of the wall clock', async () => {
    clock.jumpWall(jumpMs);
    const { token } = (await join('alice')).body as JoinResult;
    const { body } = await call(app, 'getIceServers', { roomId: 'lobby' }, { token });
    const [turn] = (body as IceServersResult).iceServers;
    expect(turn?.username).toBe(`${clock.wallMs() / 1_000 + 3_600}:alice`);
  });
});
