import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JoinResult } from '../../src/wire/index.ts';
import { API_KEY } from '../access/credentials.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, LEAVING, Member, newRoom } from '../support/member.ts';
import { SocketReader, socketUrl } from '../support/socket-reader.ts';

/** An idle socket is checked so often, and timers may be a tick late. */
const CHECKED_MS = 15_100;

let clock: TestClock;
let server: ListeningService;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  clock = new TestClock();
  server = await startService({ rateLimit: 'off' }, { clock });
});
beforeEach(async () => {
  const idleTimeoutSeconds = 300;
  alice = await join(server.url, newRoom(), { participantId: 'alice', idleTimeoutSeconds });
  bob = await join(server.url, alice.roomId, { participantId: 'bob', idleTimeoutSeconds });
});
afterEach(cleanUp);
afterAll(closeServices);

const greet = (): Promise<SocketReader> => SocketReader.greet(server, bob);
const read = (): Promise<SocketReader> => SocketReader.read(server, bob);
const send = (payload: unknown): Promise<unknown> => alice.send({ type: 'custom', to: 'bob', payload });

describe('the newest reader of a mailbox', () => {
  test('by socket displaces a held poll', async () => {
    const { cursor } = await bob.poll();
    const sent = { query: { wait: 50, after: cursor } };
    const poll = await server.service.hold('bob', () => bob.call('receiveMessages', sent));
    const reader = await read();
    problemOf(await poll.ended, 'poll-superseded');
    await send(1);
    expect((await reader.answer()).messages).toMatchObject([{ payload: 1 }]);
  });

  test.each([
    ['held', 50],
    ['answered at once', 0],
  ])('by a poll that is %s ends the reading of a socket, which may read again', async (_, wait) => {
    const reader = await read();
    const { cursor } = bob.joined;
    const sent = { query: { wait, after: cursor } };
    const poll = wait === 0 ? undefined : await server.service.hold('bob', () => bob.call('receiveMessages', sent));
    if (wait === 0) await bob.poll();
    expect(await reader.problem()).toMatchObject({ code: 'poll-superseded', status: 409 });
    reader.send({ type: 'read' });
    await reader.answer();
    if (poll !== undefined) problemOf(await poll.ended, 'poll-superseded');
    await send(1);
    expect((await reader.answer()).messages).toMatchObject([{ payload: 1 }]);
  });

  test('by socket displaces the reading of another socket, which stays open', async () => {
    const older = await read();
    const newer = await read();
    expect(await older.problem()).toMatchObject({ code: 'poll-superseded' });
    await send(1);
    expect((await newer.answer()).messages).toMatchObject([{ payload: 1 }]);
    older.send({ type: 'read' });
    await older.answer();
    expect(await newer.problem()).toMatchObject({ code: 'poll-superseded' });
  });

  test('by an acknowledgement alone is none', async () => {
    const reader = await read();
    await bob.call('acknowledgeMessages', { body: { cursor: bob.joined.cursor } });
    (await greet()).acknowledge(bob.joined);
    await send(1);
    expect((await reader.answer()).messages).toMatchObject([{ payload: 1 }]);
  });
});

test('a third socket of a mailbox closes the oldest', async () => {
  const [first, second, third] = [await read(), await greet(), await greet()];
  expect(await first.problem()).toMatchObject({ code: 'poll-superseded' });
  expect(await first.closed).toEqual({ code: 4409, reason: 'poll-superseded' });
  for (const reader of [second, third]) {
    reader.send({ type: 'probe' });
    expect(await reader.next()).toEqual({ type: 'probe' });
  }
});

describe('when the token is replaced', () => {
  const replace = (): Promise<Member> => bob.rejoin({ resume: true });

  test('a reading socket closes at once', async () => {
    const reader = await read();
    await replace();
    expect((await reader.problem()).code).toMatch(/^(unauthenticated|participant-gone)$/);
    expect(await reader.closed).toMatchObject({ code: 4401 });
  });

  test.each([
    ['read', { type: 'read' }],
    ['acknowledgement', () => ({ type: 'ack', cursor: bob.joined.cursor })],
  ])('an idle socket closes at its next %s', async (_, frame) => {
    const reader = await greet();
    await replace();
    reader.send(typeof frame === 'function' ? frame() : frame);
    expect(await reader.problem()).toMatchObject({ code: 'unauthenticated' });
    expect(await reader.closed).toEqual({ code: 4401, reason: 'unauthenticated' });
  });

  test('an idle socket closes at its next check', async () => {
    const reader = await greet();
    await replace();
    await clock.advance(CHECKED_MS);
    expect(await reader.problem()).toMatchObject({ code: 'unauthenticated' });
    expect(await reader.closed).toMatchObject({ code: 4401 });
  });

  test('a socket with the new token reads on', async () => {
    await send(1);
    const replaced = await replace();
    const reader = await SocketReader.greet(server, replaced);
    reader.send({ type: 'read' });
    expect((await reader.answer()).messages).toMatchObject([{ payload: 1 }]);
  });
});

describe('when the participant goes', () => {
  test.each(LEAVING)('by %s, a reading socket closes at once', async (id) => {
    const reader = await read();
    expect((await bob.call(id)).status).toBe(204);
    expect(await reader.problem()).toMatchObject({ code: 'participant-gone', reason: 'left' });
    expect(await reader.closed).toEqual({ code: 4410, reason: 'participant-gone' });
  });

  test.each(['leaveRoom', 'closeRoom'] as const)('by %s of an API key, a reading socket closes at once', async (id) => {
    const closed = await startService({ rateLimit: 'off', apiKeys: [API_KEY] }, { clock });
    const place = { roomId: newRoom(), participantId: 'bob' };
    const sent = { token: API_KEY, body: { participantId: 'bob' } };
    const joined = await call(closed.url, 'joinRoom', place, sent);
    const reader = await SocketReader.read(closed, new Member(closed.url, joined.body as JoinResult));
    expect((await call(closed.url, id, place, { token: API_KEY })).status).toBe(204);
    expect(await reader.problem()).toMatchObject({ code: 'participant-gone', reason: 'removed' });
    expect(await reader.closed).toEqual({ code: 4410, reason: 'participant-gone' });
  });

  test('an idle socket closes at its next check', async () => {
    const reader = await greet();
    await bob.leave();
    await clock.advance(CHECKED_MS);
    expect(await reader.problem()).toMatchObject({ code: 'participant-gone' });
    expect(await reader.closed).toMatchObject({ code: 4410 });
  });

  test('a socket that waits for its turn closes with it', async () => {
    const paced = await startService({}, { clock });
    bob = await join(paced.url, newRoom(), 'bob');
    const reader = await SocketReader.greet(paced, bob);
    for (let count = 0; count < 50; count += 1) {
      reader.send({ type: 'read' });
      await reader.answer();
    }
    reader.send({ type: 'read' });
    await reader.sync();
    await bob.leave();
    await clock.advance(200);
    expect(await reader.problem()).toMatchObject({ code: 'participant-gone' });
    expect(await reader.closed).toMatchObject({ code: 4410 });
  });
});

test('a token of another room is refused, also when a participant of the same name is there', async () => {
  const other = await join(server.url, newRoom(), 'bob');
  const reader = await SocketReader.open(socketUrl(server.url, bob.roomId));
  reader.send({ type: 'hello', token: other.token });
  expect(await reader.problem()).toMatchObject({ code: 'forbidden' });
});
