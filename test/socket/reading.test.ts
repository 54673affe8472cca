import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
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
  const idleTimeoutSeconds = 300;
  alice = await join(server.url, newRoom(), { participantId: 'alice', idleTimeoutSeconds });
  bob = await join(server.url, alice.roomId, { participantId: 'bob', idleTimeoutSeconds });
});
afterEach(cleanUp);
afterAll(closeServices);

const greet = (): Promise<SocketReader> => SocketReader.greet(server, bob);
const read = (frame = {}): Promise<SocketReader> => SocketReader.read(server, bob, frame);

const payloads = ({ messages }: { messages: readonly { payload?: unknown }[] }): unknown[] =>
  messages.map(({ payload }) => payload);

const send = (payload: unknown): Promise<unknown> => alice.send({ type: 'custom', to: 'bob', payload });

/** The payloads that nothing has acknowledged. Polling without a cursor acknowledges nothing. */
const unacknowledged = async (): Promise<unknown[]> => payloads(await bob.poll());

describe('a probe', () => {
  test('is echoed at once, and after 2 s with 2,048 characters of padding', async () => {
    const reader = await greet();
    reader.send({ type: 'probe', data: 'x"é'.repeat(21) });
    expect(await reader.next()).toEqual({ type: 'probe', data: 'x"é'.repeat(21) });
    await reader.sync();
    await clock.advance(1_999);
    await reader.sync();
    expect(reader.pending).toEqual([]);
    await clock.advance(1);
    const { padding, ...rest } = await reader.next();
    expect([rest, padding?.length]).toEqual([{ type: 'probe', data: 'x"é'.repeat(21) }, 2_048]);
  });

  test('needs no data', async () => {
    const reader = await greet();
    reader.send({ type: 'probe' });
    expect(await reader.next()).toEqual({ type: 'probe' });
    await clock.advance(2_000);
    expect(await reader.next()).toEqual({ type: 'probe', padding: expect.any(String) });
  });

  test('follows another one that has both echoes', async () => {
    const reader = await greet();
    for (const data of ['1', '2']) {
      reader.send({ type: 'probe', data });
      expect(await reader.next()).toEqual({ type: 'probe', data });
      await clock.advance(2_000);
      expect(await reader.next()).toMatchObject({ data, padding: expect.any(String) });
    }
  });

  test('is refused while another one is under way', async () => {
    const reader = await greet();
    reader.send({ type: 'probe' });
    reader.send({ type: 'probe' });
    await reader.expectFrame('probe');
    expect(await reader.problem()).toMatchObject({ code: 'invalid-request' });
    expect(await reader.closed).toMatchObject({ code: 4400 });
  });

  test('reads nothing and displaces nothing', async () => {
    const { cursor } = await bob.poll();
    const poll = await server.service.hold('bob', () => bob.poll({ wait: 50, after: cursor }));
    const reader = await greet();
    reader.send({ type: 'probe' });
    await reader.expectFrame('probe');
    await send(1);
    expect(payloads(await poll.ended)).toEqual([1]);
    await reader.sync();
    expect(reader.pending).toEqual([]);
  });
});

describe('a read', () => {
  test('is answered at once by an empty batch if nothing is pending', async () => {
    const reader = await greet();
    reader.send({ type: 'read', after: bob.joined.cursor });
    expect(await reader.next()).toEqual({
      type: 'batch',
      batch: { messages: [], cursor: bob.joined.cursor, more: false, expired: 0 },
    });
  });

  test('without a cursor returns all that is not acknowledged, and acknowledges nothing', async () => {
    await send(1);
    await send(2);
    const reader = await greet();
    reader.send({ type: 'read' });
    expect(payloads(await reader.batch())).toEqual([1, 2]);
    expect(await unacknowledged()).toEqual([1, 2]);
  });

  test('with a cursor acknowledges up to it, and returns what comes after it', async () => {
    await send(1);
    const { cursor } = await bob.poll();
    await send(2);
    const reader = await greet();
    reader.send({ type: 'read', after: cursor });
    expect(payloads(await reader.batch())).toEqual([2]);
    expect(await unacknowledged()).toEqual([2]);
  });

  test('has its id in every batch, until another read of the socket begins', async () => {
    const reader = await greet();
    reader.send({ type: 'read', id: 'one' });
    expect(await reader.next()).toMatchObject({ type: 'batch', id: 'one' });
    await send(1);
    const { id, batch } = await reader.next();
    expect([id, payloads(batch ?? { messages: [] })]).toEqual(['one', [1]]);
    reader.send({ type: 'read', id: 'two' });
    expect(await reader.next()).toMatchObject({ type: 'batch', id: 'two', batch: { messages: [{ payload: 1 }] } });
    await send(2);
    expect(await reader.next()).toMatchObject({ id: 'two', batch: { messages: [{ payload: 2 }] } });
    reader.send({ type: 'read' });
    expect(await reader.next()).toEqual({ type: 'batch', batch: expect.anything() });
  });

  test('returns a batch like that of a poll', async () => {
    await alice.send({ type: 'invite', to: 'bob', callId: 'call-1', payload: { a: [1, null, 'é'] } });
    const polled = await bob.poll();
    const reader = await greet();
    reader.send({ type: 'read' });
    const ageMs = expect.any(Number);
    const messages = polled.messages.map((message) => ({ ...message, ageMs }));
    expect(await reader.batch()).toEqual({ ...polled, messages });
  });

  test('returns payloads byte for byte', async () => {
    const text = '{"type":"custom","to":"bob","payload":{"n":1.0e2,"é":"\\u00e9"}}';
    expect((await alice.call('sendMessage', { text })).status).toBe(201);
    const reader = await greet();
    const frame = new Promise<string>((resolve) =>
      reader.ws.once('message', (data: Buffer) => resolve(data.toString())),
    );
    reader.send({ type: 'read' });
    expect(await frame).toContain('"payload":{"n":1.0e2,"é":"\\u00e9"}');
  });

  test('returns pending messages in several batches', async () => {
    const messages = Array.from({ length: 150 }, (_, payload) => ({ type: 'custom' as const, to: 'bob', payload }));
    for (let at = 0; at < messages.length; at += 30) await alice.sendAll(messages.slice(at, at + 30));
    const reader = await greet();
    reader.send({ type: 'read' });
    const [first, second] = [await reader.answer(), await reader.answer()];
    expect([first.more, second.more]).toEqual([true, false]);
    expect([...payloads(first), ...payloads(second)]).toEqual(messages.map(({ payload }) => payload));
  });

  test('reports messages whose lifetime has ended', async () => {
    await alice.send({ type: 'custom', to: 'bob', ttlSeconds: 1 });
    await clock.advance(3_000);
    const reader = await greet();
    reader.send({ type: 'read' });
    expect(await reader.batch()).toMatchObject({ messages: [], expired: 1 });
  });
});

describe('a message to a reading socket', () => {
  test('arrives in a batch at once', async () => {
    const reader = await read();
    await send(1);
    expect(payloads(await reader.answer())).toEqual([1]);
    await send(2);
    expect(payloads(await reader.answer())).toEqual([2]);
  });

  test('is acknowledged when its cursor comes back', async () => {
    const reader = await read();
    await send(1);
    await reader.answer();
    await reader.sync();
    expect(await unacknowledged()).toEqual([]);
  });

  test('waits in the mailbox while it is not acknowledged, so another socket gets it', async () => {
    const first = await read();
    await send(1);
    expect(payloads(await first.batch())).toEqual([1]);
    first.ws.terminate();
    const second = await greet();
    second.send({ type: 'read' });
    expect(payloads(await second.batch())).toEqual([1]);
  });
});

describe('an acknowledgement', () => {
  test('of an older cursor, or a repeated one, is no fault and changes nothing', async () => {
    const reader = await read();
    await send(1);
    const first = await reader.answer();
    await send(2);
    const second = await reader.answer();
    for (const cursor of [first.cursor, bob.joined.cursor, second.cursor, first.cursor]) reader.acknowledge({ cursor });
    await reader.sync();
    expect(reader.pending).toEqual([]);
    await send(3);
    expect(payloads(await reader.answer())).toEqual([3]);
    await reader.sync();
    expect(await unacknowledged()).toEqual([]);
  });

  test('of a part of what was sent leaves the rest unacknowledged', async () => {
    const reader = await read();
    await send(1);
    const { cursor } = await reader.batch();
    await send(2);
    await reader.batch();
    reader.acknowledge({ cursor });
    await reader.sync();
    expect(await unacknowledged()).toEqual([2]);
  });

  test('is accepted before any read', async () => {
    await send(1);
    const { cursor } = await bob.poll();
    const reader = await greet();
    reader.acknowledge({ cursor });
    await reader.sync();
    expect(await unacknowledged()).toEqual([]);
    expect(reader.pending).toEqual([]);
  });

  test('beyond what the reading has sent makes it go on from there', async () => {
    const reader = await read();
    const batches: Batch[] = [];
    for (let payload = 1; payload <= 4; payload += 1) {
      await send(payload);
      batches.push(await reader.batch());
    }
    for (const payload of [5, 6, 7]) await send(payload);
    // The clock stands still, so positions differ by one.
    const [mailboxId, digits = ''] = batches[3]?.cursor.split('.') ?? [];
    reader.acknowledge({ cursor: `${mailboxId}.${(parseInt(digits, 36) + 2).toString(36)}` });
    expect(payloads(await reader.answer())).toEqual([7]);
    await reader.sync();
    expect(await unacknowledged()).toEqual([]);
  });

  test('of a cursor that cannot be read, or of another mailbox, ends the reading; the socket may read again', async () => {
    const reader = await read();
    for (const [cursor, code] of [
      ['', 'invalid-cursor'],
      ['?', 'invalid-cursor'],
      [alice.joined.cursor, 'cursor-expired'],
    ] as const) {
      reader.acknowledge({ cursor });
      expect(await reader.problem()).toMatchObject({ code });
      await send(code);
      await reader.sync();
      expect(reader.pending).toEqual([]);
      reader.send({ type: 'read' });
      expect(payloads(await reader.answer())).toEqual([code]);
      await reader.sync();
    }
  });
});

describe('a read with a cursor', () => {
  test.each([
    ['that cannot be read', (): string => 'x', 'invalid-cursor'],
    ['of another mailbox', (): string => alice.joined.cursor, 'cursor-expired'],
  ] as const)('%s ends only the reading', async (_, make, code) => {
    const reader = await greet();
    reader.send({ type: 'read', after: make() });
    const problem = await reader.problem();
    expect(problem).toMatchObject({ code, status: code === 'invalid-cursor' ? 400 : 410 });
    reader.send({ type: 'read', after: problem.resetCursor ?? bob.joined.cursor });
    expect(await reader.answer()).toMatchObject({ messages: [] });
    await send(1);
    expect(payloads(await reader.answer())).toEqual([1]);
  });

  test('behind the acknowledged position is cursor-expired', async () => {
    await send(1);
    const first = await bob.poll();
    await bob.poll({ after: first.cursor });
    const reader = await greet();
    reader.send({ type: 'read', after: bob.joined.cursor });
    expect(await reader.problem()).toMatchObject({ code: 'cursor-expired', resetCursor: first.cursor });
  });

  test('that is refused displaces no held poll', async () => {
    const { cursor } = await bob.poll();
    const poll = await server.service.hold('bob', () => bob.poll({ wait: 50, after: cursor }));
    const reader = await greet();
    reader.send({ type: 'read', after: alice.joined.cursor });
    expect(await reader.problem()).toMatchObject({ code: 'cursor-expired' });
    await send(1);
    expect(payloads(await poll.ended)).toEqual([1]);
  });
});

describe('a heartbeat', () => {
  test('is an empty batch after 20 s of silence', async () => {
    const reader = await read({ id: 'beat' });
    await clock.advance(19_999);
    await reader.sync();
    expect(reader.pending).toEqual([]);
    await clock.advance(101);
    expect(await reader.next()).toMatchObject({ type: 'batch', id: 'beat', batch: { messages: [], expired: 0 } });
  });

  test('comes 20 s after the latest batch', async () => {
    const reader = await read();
    await clock.advance(15_000);
    await send(1);
    await reader.answer();
    await reader.sync();
    await clock.advance(19_999);
    await reader.sync();
    expect(reader.pending).toEqual([]);
    await clock.advance(101);
    expect(await reader.answer()).toMatchObject({ messages: [] });
  });

  test('comes again and again while it is answered', async () => {
    const reader = await read();
    for (let count = 0; count < 5; count += 1) {
      await clock.advance(20_100);
      expect(await reader.answer()).toMatchObject({ messages: [] });
      await reader.sync();
    }
  });

  test('that is not answered within 10 s ends the socket', async () => {
    const reader = await read();
    await clock.advance(20_100);
    await reader.batch();
    await clock.advance(9_800);
    await reader.sync();
    expect(reader.ws.readyState).toBe(reader.ws.OPEN);
    await clock.advance(300);
    expect(await reader.closed).toEqual({ code: 1006, reason: '' });
  });
});

describe('ahead of the last acknowledgement', () => {
  test('at most 4 batches are sent; what comes meanwhile is one batch', async () => {
    const reader = await read();
    const batches: Batch[] = [];
    for (let payload = 1; payload <= 4; payload += 1) {
      await send(payload);
      batches.push(await reader.batch());
    }
    for (let payload = 5; payload <= 9; payload += 1) await send(payload);
    await reader.sync();
    expect(reader.pending).toEqual([]);
    reader.acknowledge({ cursor: batches[0]?.cursor ?? '' });
    expect(payloads(await reader.batch())).toEqual([5, 6, 7, 8, 9]);
  });

  test.each([
    ['of messages that arrive one by one', 0, 8],
    ['of messages that were pending', 8, 0],
    ['of both', 3, 5],
  ])('at most 256 KiB are sent, %s', async (_, before, after) => {
    const payload = 'x'.repeat(60_000);
    for (let count = 0; count < before; count += 1) await send(payload);
    const reader = await greet();
    reader.send({ type: 'read' });
    await reader.sync();
    for (let count = 0; count < after; count += 1) await send(payload);
    await reader.sync();
    let bytes = 0;
    let batch: { readonly cursor: string } = { cursor: '' };
    while (reader.pending.length > 0) {
      batch = await reader.batch();
      bytes += JSON.stringify(batch).length;
    }
    expect(bytes).toBeGreaterThan(180_000);
    expect(bytes).toBeLessThanOrEqual(262_144);
    reader.acknowledge(batch);
    await reader.sync();
    expect(reader.pending.length).toBeGreaterThan(0);
  });

  test('a client that repeats an old cursor stays alive, and gets heartbeats but no messages', async () => {
    const reader = await read();
    const { cursor } = bob.joined;
    for (let payload = 1; payload <= 4; payload += 1) {
      await send(payload);
      await reader.batch();
      reader.acknowledge({ cursor });
    }
    await send(5);
    await reader.sync();
    for (let count = 0; count < 3; count += 1) {
      await clock.advance(20_100);
      expect((await reader.batch()).messages).toEqual([]);
      reader.acknowledge({ cursor });
      await reader.sync();
    }
    expect(await unacknowledged()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('pacing', () => {
  test('a read without pauses is answered up to 200 ms later', async () => {
    const paced = await startService({}, { clock });
    const carol = await join(paced.url, newRoom(), 'carol');
    const reader = await SocketReader.greet(paced, carol);
    for (let count = 0; count < 50; count += 1) {
      reader.send({ type: 'read' });
      await reader.answer();
    }
    reader.send({ type: 'read', id: 'late' });
    await reader.sync();
    await clock.advance(199);
    await reader.sync();
    expect(reader.pending).toEqual([]);
    await clock.advance(1);
    expect(await reader.next()).toMatchObject({ id: 'late' });
  });
});
