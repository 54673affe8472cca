import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { join, type Member, newRoom } from '../support/member.ts';
import { SocketReader } from '../support/socket-reader.ts';

let clock: TestClock;
let server: ListeningService;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  clock = new TestClock();
  server = await startService({ rateLimit: 'off' }, { clock });
});
beforeEach(async () => {
  alice = await join(server.url, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 300 });
  bob = await join(server.url, alice.roomId, { participantId: 'bob', idleTimeoutSeconds: 10 });
});
afterEach(cleanUp);
afterAll(closeServices);

const greet = (): Promise<SocketReader> => SocketReader.greet(server, bob);
const read = (): Promise<SocketReader> => SocketReader.read(server, bob);
/** The presence of bob. @returns `undefined` once he has left */
const bobListens = async (): Promise<boolean | undefined> =>
  (await alice.roster()).find(({ participantId }) => participantId === 'bob')?.listening;

/** Resolves once the server has noticed the end of a reading. */
async function ending(end: () => unknown): Promise<void> {
  const ended = server.service.ending('bob');
  end();
  await ended;
}

describe('listening', () => {
  test('is false for a socket that does not read, and true as soon as it does', async () => {
    const reader = await greet();
    expect(await bobListens()).toBe(false);
    reader.send({ type: 'read' });
    await reader.answer();
    expect(await bobListens()).toBe(true);
    expect((await alice.send({ type: 'invite' })).recipients).toEqual([{ participantId: 'bob', listening: true }]);
  });

  test('stays true while batches are answered, beyond the length of a hold', async () => {
    const reader = await read();
    for (let count = 0; count < 8; count += 1) {
      await clock.advance(20_100);
      expect(await bobListens()).toBe(true);
      await reader.answer();
      await reader.sync();
    }
  });

  test.each([
    ['breaks', (reader: SocketReader) => reader.ws.terminate()],
    ['is closed by the client', (reader: SocketReader) => reader.ws.close()],
  ])('is false 1 s after the connection %s', async (_, end) => {
    const reader = await read();
    await ending(() => end(reader));
    expect(await bobListens()).toBe(true);
    await clock.advance(1_100);
    expect(await bobListens()).toBe(false);
  });

  test('stays true when a poll takes over within 1 s', async () => {
    const reader = await read();
    await ending(() => reader.ws.terminate());
    await clock.advance(900);
    const { cursor } = bob.joined;
    const poll = await server.service.hold('bob', () => bob.poll({ wait: 50, after: cursor }));
    await clock.advance(5_000);
    expect(await bobListens()).toBe(true);
    await alice.send({ type: 'invite' });
    await poll.ended;
  });

  test('stays true when another socket takes over at once, and the older one breaks', async () => {
    const older = await read();
    const newer = await read();
    await older.problem();
    older.ws.terminate();
    await newer.sync();
    await clock.advance(5_000);
    expect(await bobListens()).toBe(true);
  });

  test('is false when a batch is not answered for 10 s, even if pings are', async () => {
    const reader = await read();
    await alice.send({ type: 'invite' });
    await reader.batch();
    await clock.advance(9_900);
    await reader.sync();
    expect(await bobListens()).toBe(true);
    await clock.advance(1_300);
    expect(await bobListens()).toBe(false);
    expect(await reader.closed).toMatchObject({ code: 1006 });
  });
});

describe('the idle time', () => {
  test('does not pass while a socket reads', async () => {
    const reader = await read();
    for (let count = 0; count < 3; count += 1) {
      await clock.advance(20_100);
      await reader.answer();
      await reader.sync();
    }
    expect(await bobListens()).toBe(true);
  });

  test('passes while a socket is open but does not read: its client may be gone', async () => {
    const reader = await greet();
    await clock.advance(11_500);
    expect(await bobListens()).toBeUndefined();
    await clock.advance(5_000);
    expect(await reader.problem()).toMatchObject({ code: 'participant-gone', reason: 'timeout' });
    expect(await reader.closed).toMatchObject({ code: 4410 });
  });

  test.each([
    ['a hello', undefined],
    ['an acknowledgement', () => ({ type: 'ack', cursor: bob.joined.cursor })],
  ])('begins again with %s', async (_, make) => {
    const early = make === undefined ? undefined : await greet();
    await clock.advance(8_000);
    const reader = early ?? (await greet());
    if (make !== undefined) reader.send(make());
    await reader.sync();
    await clock.advance(8_000);
    expect(await bobListens()).toBe(false);
  });

  test('begins when the reading ends', async () => {
    const reader = await read();
    await clock.advance(15_000);
    await ending(() => reader.ws.terminate());
    await clock.advance(8_000);
    expect(await bobListens()).toBe(false);
    await clock.advance(4_000);
    expect(await bobListens()).toBeUndefined();
  });
});
