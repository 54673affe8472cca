import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Call, type Mailbox } from '../../src/client/index.ts';
import { FakePeer } from '../client/support/fake-peer.ts';
import { join, next, record } from '../client/support/client.ts';
import { API_KEY } from '../access/credentials.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';

let server: ListeningService;
beforeEach(async () => {
  server = await startService({ apiKeys: [API_KEY] });
});
afterEach(cleanUp);
afterEach(closeServices);

/** Joins through `holdline.join`, and then goes over the network, or stays in the process. */
function enter(participantId: string, place: 'network' | 'process', resume = true): Promise<Mailbox> {
  const { holdline } = server.service;
  return join(place === 'network' ? server.url : 'http://in.process', participantId, {
    join: (body) => holdline.join('room', { ...body, resume }),
    ...(place === 'process' && { fetch: holdline.fetch }),
  });
}

/** Connects once a candidate of the other side was added, which takes both descriptions. */
async function connected(call: Call, peer: FakePeer): Promise<void> {
  while (peer.added.length === 0) await new Promise((resolve) => setImmediate(resolve));
  peer.become('connected');
  expect(await call.whenConnected).toBe(true);
}

describe('a participant in the process', () => {
  test.each([
    ['calls', 'process', 'network'],
    ['is called by', 'network', 'process'],
    ['calls, in the same process,', 'process', 'process'],
  ] as const)('%s one that polls', async (_, ofAlice, ofBob) => {
    const [alice, bob] = [await enter('alice', ofAlice), await enter('bob', ofBob)];
    const [a, b] = [new FakePeer('a'), new FakePeer('b')];
    const messages = record(bob);
    record(alice);
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const outgoing = Call.invite(alice, { to: 'bob', peerConnection: a });
    const incoming = await ringing;
    incoming.accept(b);
    await Promise.all([connected(outgoing, a), connected(incoming, b)]);
    expect([a.state, b.state]).toEqual(['stable', 'stable']);
    outgoing.hangUp();
    expect(await incoming.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });
    expect(messages.map(({ type }) => type).filter((type) => type !== 'candidate')).toEqual([
      'invite',
      'offer',
      'hangup',
    ]);
  });

  test('gets messages again that it has not handled, when it resumes its mailbox', async () => {
    const [alice, bob] = [await enter('alice', 'network'), await enter('bob', 'process')];
    const got = new Promise((resolve) => {
      bob.on('message', ({ payload }) => {
        resolve(payload);
        // The other side never acknowledges it.
        return new Promise(() => undefined);
      });
    });
    await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    await alice.send({ to: 'bob', type: 'custom', payload: 2 });
    expect(await got).toBe(1);
    await bob.close();
    const again = await enter('bob', 'process');
    expect(again.resumed).toBe(true);
    const second = next(again, 'message', ({ payload }) => payload === 2);
    const messages = record(again);
    await second;
    expect(messages.map(({ payload }) => payload)).toEqual([1, 2]);
  });

  test('ends as taken over when the same participant joins again', async () => {
    const older = await enter('bob', 'process');
    const ended = next(older, 'ended');
    record(older);
    const newer = await enter('bob', 'process');
    expect(await ended).toMatchObject({ reason: 'taken-over' });
    expect(newer.resumed).toBe(true);
  });

  test('reconnects to nothing once the service is closed, and its mailbox can be closed', async () => {
    const mailbox = await enter('bob', 'process');
    onCleanUp(() => mailbox.close());
    record(mailbox);
    const reconnecting = next(mailbox, 'state', (state) => state === 'reconnecting');
    await server.service.holdline.close();
    await reconnecting;
    await mailbox.close();
    expect(mailbox.state).toBe('ended');
  });
});
