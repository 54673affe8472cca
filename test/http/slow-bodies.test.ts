import { afterEach, expect, test } from '@jest/globals';
import type { Store } from '../../src/signalling/store.ts';
import { cleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { join, newRoom } from '../support/member.ts';

afterEach(cleanUp);
afterEach(closeServices);

/** Sends all but the last byte, so that the server checks the token before the body is complete. */
async function begin(
  url: string,
  path: string,
  token: string,
  body: object,
): Promise<{ finish: () => Promise<number> }> {
  const connection = await Connection.open(url);
  const text = requestText('POST', path, { token, body });
  connection.write(text.slice(0, -1));
  return {
    finish: async () => {
      connection.write(text.slice(-1));
      return (await connection.reply()).status;
    },
  };
}

function tokenJudged(store: Store): Promise<void> {
  const findToken = store.findToken.bind(store);
  return new Promise((resolve) => {
    store.findToken = async (...lookup) => {
      const token = await findToken(...lookup);
      resolve();
      return token;
    };
  });
}

test.each(['messages/poll', 'messages', 'messages/ack', 'participants/alice/leave'])(
  'a request to %s whose body ends after its token was replaced is refused',
  async (operation) => {
    const { service, url } = await startService();
    const alice = await join(url, newRoom(), 'alice');
    const bodies = {
      'messages/poll': { wait: 0 },
      messages: { type: 'custom' },
      'messages/ack': { cursor: alice.joined.cursor },
      'participants/alice/leave': {},
    };
    const body = bodies[operation as keyof typeof bodies];
    const judged = tokenJudged(service.store);
    const slow = await begin(url, `/v1/rooms/${alice.roomId}/${operation}`, alice.token, body);
    await judged;
    const again = await alice.rejoin({ resume: true, participantId: 'alice' });
    await again.roster();
    expect(await slow.finish()).toBe(401);
    expect(await again.roster()).toHaveLength(1);
  },
);

test('a slow request is served if its token is not replaced meanwhile', async () => {
  const { url } = await startService();
  const alice = await join(url, newRoom(), 'alice');
  const slow = await begin(url, `/v1/rooms/${alice.roomId}/messages`, alice.token, { type: 'custom' });
  expect(await slow.finish()).toBe(201);
});
