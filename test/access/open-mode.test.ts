import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, LEAVING, newRoom } from '../support/member.ts';
import { accessToken, API_KEY } from './credentials.ts';

let app: Express;
let roomId: string;
beforeAll(async () => {
  ({ app } = await createService({ rateLimit: 'off' }));
});
beforeEach(() => {
  roomId = newRoom();
});
afterAll(closeServices);

const joinWith = (token: string, body: object = {}) => call(app, 'joinRoom', { roomId }, { token, body });

describe("in open mode, a client that knows the room's name", () => {
  test('joins it without a credential or with an unknown one', async () => {
    const tokens = [
      'x',
      API_KEY,
      `${'A'.repeat(12)}.${'A'.repeat(32)}`,
      await accessToken(Date.now(), { sub: 'alice' }),
    ];
    for (const token of tokens) expect((await joinWith(token)).status).toBe(201);
  });

  test('joins it with the token of a participant that has left, under any id', async () => {
    const alice = await join(app, roomId, 'alice');
    await alice.leave();
    expect((await joinWith(alice.token, { participantId: 'alice' })).body).toMatchObject({ resumed: false });
    expect((await joinWith(alice.token, { participantId: 'somebody' })).status).toBe(201);
  });

  test('cannot join it under the id of a present participant', async () => {
    await join(app, roomId, 'alice');
    for (const token of ['x', `${'A'.repeat(12)}.${'A'.repeat(32)}`]) {
      problemOf(await joinWith(token, { participantId: 'alice' }), 'participant-exists');
    }
  });

  test('cannot join it with the live token of another participant or room', async () => {
    const [alice] = [await join(app, roomId, 'alice'), await join(app, roomId, 'bob')];
    problemOf(await joinWith(alice.token, { participantId: 'bob' }), 'forbidden');
    problemOf(await call(app, 'joinRoom', { roomId: newRoom() }, { token: alice.token }), 'forbidden');
  });

  test('joins it as another participant when it names no id', async () => {
    const alice = await join(app, roomId, 'alice');
    expect((await joinWith(alice.token)).body).toMatchObject({ participants: [{ participantId: 'alice' }, {}] });
    expect((await joinWith(alice.token, { resume: true })).body).toMatchObject({
      participantId: 'alice',
      resumed: true,
    });
  });
});

test('in open mode, administration is refused, since there are no API keys', async () => {
  const alice = await join(app, roomId, 'alice');
  for (const token of [undefined, API_KEY]) {
    const sent = token === undefined ? {} : { token };
    problemOf(await call(app, 'listRooms', {}, sent), 'unauthenticated');
    problemOf(await call(app, 'closeRoom', { roomId }, sent), 'unauthenticated');
    for (const id of LEAVING)
      problemOf(await call(app, id, { roomId, participantId: 'alice' }, sent), 'unauthenticated');
  }
  problemOf(await alice.call('closeRoom'), 'forbidden');
});
