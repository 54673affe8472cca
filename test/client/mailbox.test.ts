import { afterEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type Mailbox, type ReceivedMessage } from '../../src/client/index.ts';
import type { ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { join, next, nextMessage, record } from './support/client.ts';
import { FakeStorage } from './support/fake-storage.ts';
import { VirtualTime } from './support/virtual-time.ts';

afterEach(cleanUp);
afterEach(closeServices);

const send = (mailbox: Mailbox, payload: unknown, to = 'bob') => mailbox.send({ type: 'custom', to, payload });

const payloads = (messages: readonly ReceivedMessage[]): unknown[] =>
  messages.filter(({ type }) => type === 'custom').map(({ payload }) => payload);

describe('two mailboxes on the real service', () => {
  test('exchange messages in order, and the sender learns who listens', async () => {
    const { url, service } = await startService();
    const [alice, bob] = [await join(url, 'alice'), await join(url, 'bob')];
    const received = record(bob);
    await service.hold('bob', () => nextMessage(bob, 'custom'));
    const receipts = await Promise.all(Array.from({ length: 50 }, (_, index) => send(alice, index)));
    await send(alice, 'last');
    await next(bob, 'message', ({ payload }) => payload === 'last');
    expect(payloads(received)).toEqual([...Array.from({ length: 50 }, (_, index) => index), 'last']);
    expect(receipts[0]?.recipients).toEqual([{ participantId: 'bob', listening: true }]);
    expect(received.every(({ from }) => from === 'alice')).toBe(true);
  });

  test('are read by `for await`, which ends when the room is left', async () => {
    const { url } = await startService();
    const [alice, bob] = [await join(url, 'alice'), await join(url, 'bob')];
    await Promise.all(['one', 'two', 'leave'].map((payload) => send(alice, payload)));
    const seen: unknown[] = [];
    for await (const { payload } of bob) {
      seen.push(payload);
      if (payload === 'leave') await bob.leave();
    }
    expect(seen).toEqual(['one', 'two', 'leave']);
    expect(bob.state).toBe('ended');
  });

  test('take the `fetch` of a browser, which is a method of its window alone', async () => {
    const { url } = await startService();
    function fetchOfWindow(this: unknown, ...args: Parameters<typeof fetch>) {
      if (this !== undefined && this !== globalThis) throw new TypeError('Illegal invocation');
      return fetch(...args);
    }
    const alice = await join(url, 'alice', { fetch: fetchOfWindow });
    expect(alice.participants.map(({ participantId }) => participantId)).toEqual(['alice']);
  });

  test('know who comes and goes', async () => {
    const { url } = await startService();
    const alice = await join(url, 'alice');
    record(alice);
    const coming = next(alice, 'participant-joined');
    const bob = await join(url, 'bob', { displayName: 'Bob', metadata: { role: 'guest' } });
    expect(await coming).toMatchObject({ participantId: 'bob', displayName: 'Bob', metadata: { role: 'guest' } });
    expect(alice.participants.map(({ participantId }) => participantId)).toEqual(['alice', 'bob']);
    const going = next(alice, 'participant-left');
    await bob.leave();
    expect(await going).toEqual({ participantId: 'bob', reason: 'left' });
    expect(alice.participants.map(({ participantId }) => participantId)).toEqual(['alice']);
    expect((await alice.refreshParticipants()).map(({ participantId }) => participantId)).toEqual(['alice']);
  });

  test('are told about unknown recipients and payloads that are refused', async () => {
    const { url } = await startService();
    const alice = await join(url, 'alice');
    await expect(send(alice, 1, 'nobody')).rejects.toMatchObject({ code: 'recipient-not-found' });
    const offer = { type: 'offer', payload: { type: 'offer', sdp: 'nonsense' } } as const;
    await expect(alice.send(offer)).rejects.toMatchObject({
      code: 'invalid-request',
      problem: { errors: [{ pointer: '/body/messages/0/payload/sdp' }] },
    });
  });

  test('get ICE servers with the join and on demand', async () => {
    const { url } = await startService({ iceServers: [{ urls: ['stun:stun.example.org'] }] });
    const alice = await join(url, 'alice');
    expect(alice.iceServers).toEqual([{ urls: ['stun:stun.example.org'] }]);
    expect(await alice.fetchIceServers()).toMatchObject({ iceServers: alice.iceServers, ttlSeconds: 3600 });
  });
});

describe('a message that was not handled', () => {
  test('comes again after a reload; one that was handled does not', async () => {
    const { url } = await startService();
    const storage = new FakeStorage();
    const alice = await join(url, 'alice');
    const before = await joinRoom({ baseUrl: url, roomId: 'room', participantId: 'bob', storage });
    await Promise.all(['handled', 'crash'].map((payload) => send(alice, payload)));
    let crash = (): void => undefined;
    const crashing = new Promise<void>((resolve) => (crash = resolve));
    before.on('message', ({ payload }) => {
      if (payload !== 'crash') return undefined;
      crash();
      return new Promise(() => undefined);
    });
    await crashing;

    const after = await join(url, 'bob', { storage });
    expect(after.resumed).toBe(true);
    const received = record(after);
    await send(alice, 'new');
    await next(after, 'message', ({ payload }) => payload === 'new');
    // They came as one batch, and a batch is acknowledged as a whole.
    expect(payloads(received)).toEqual(['handled', 'crash', 'new']);
    await before.close();
  });
});

describe('a participant that another client takes over', () => {
  test('ends as taken over at once, and is not told what came later (fault 34)', async () => {
    const { url, service } = await startService();
    const storage = new FakeStorage();
    const alice = await join(url, 'alice');
    // By a clock that stands still.
    const first = await join(url, 'bob', { storage, timers: new VirtualTime() });
    const received = record(first);
    await service.hold('bob', () => next(first, 'ended'));
    const ending = next(first, 'ended');
    const second = await join(url, 'bob', { storage });
    expect((await ending).reason).toBe('taken-over');
    const arriving = nextMessage(second, 'custom');
    await send(alice, 'secret');
    expect((await arriving).payload).toBe('secret');
    expect(payloads(received)).toEqual([]);
    await expect(send(first, 'late', 'alice')).rejects.toMatchObject({ code: 'taken-over' });
  });

  test('makes a loop over its messages throw', async () => {
    const { url } = await startService();
    const storage = new FakeStorage();
    const first = await join(url, 'bob', { storage });
    const loop = async (): Promise<void> => {
      for await (const { type } of first) expect(type).toBe('participant-left');
    };
    const throwing = expect(loop()).rejects.toMatchObject({ code: 'taken-over' });
    const second = await join(url, 'bob', { storage });
    record(second);
    await throwing;
  });

  test('two tabs with copies of one token settle it: one ends, the other goes on', async () => {
    const { url } = await startService();
    const storage = new FakeStorage();
    const alice = await join(url, 'alice');
    const first = await join(url, 'bob', { storage });
    const token = (JSON.parse(storage.getItem(`holdline:${url}:room`) ?? '{}') as { token: string }).token;
    const copy = await join(url, 'bob', {
      join: () =>
        Promise.resolve({
          ...{ roomId: 'room', participantId: 'bob', token, cursor: undefined },
          participants: [],
          iceServers: [],
          limits: first.limits,
        } as never),
    });
    const ends = [first, copy].map((mailbox) => next(mailbox, 'ended').then(({ reason }) => ({ mailbox, reason })));
    for (const mailbox of [first, copy]) record(mailbox);
    const { mailbox: loser, reason } = await Promise.race(ends);
    expect(reason).toBe('taken-over');
    const winner = loser === first ? copy : first;
    const arriving = nextMessage(winner, 'custom');
    await send(alice, 'hello');
    expect((await arriving).payload).toBe('hello');
  });
});

describe('a participant whose time ran out', () => {
  test('joins again by itself, under its name, and says that there is a gap', async () => {
    const { url, service } = await startService();
    const alice = await join(url, 'alice');
    record(alice);
    const bob = await join(url, 'bob');
    const received = record(bob);
    const gap = next(bob, 'gap');
    const back = next(alice, 'participant-joined', ({ participantId }) => participantId === 'bob');
    await service.store.depart('room' as RoomId, 'bob' as ParticipantId, 'timeout');
    expect(await gap).toEqual({ cause: 'rejoined' });
    await back;
    await send(alice, 'welcome back');
    await next(bob, 'message', ({ type }) => type === 'custom');
    expect(payloads(received)).toEqual(['welcome back']);
  });

  test('does not join again when it was removed', async () => {
    const { url, service } = await startService();
    const bob = await join(url, 'bob');
    record(bob);
    const ending = next(bob, 'ended');
    await service.store.depart('room' as RoomId, 'bob' as ParticipantId, 'removed');
    expect(await ending).toMatchObject({ reason: 'gone', error: { code: 'participant-gone' } });
  });
});

describe('messages that ran out of their lifetime', () => {
  test('are told to their recipient as a gap and to their sender as message-expired', async () => {
    const clock = new TestClock();
    const { url } = await startService({}, { clock });
    const [alice, bob] = [await join(url, 'alice'), await join(url, 'bob')];
    const expiring = nextMessage(alice, 'message-expired');
    const receipt = await alice.send({ type: 'custom', to: 'bob', callId: 'call', ttlSeconds: 1 });
    await clock.advance(5_000);
    const gap = next(bob, 'gap');
    record(bob);
    expect(await gap).toEqual({ cause: 'expired', expired: 1 });
    const payload = { messageId: receipt.id, to: 'bob', type: 'custom', callId: 'call' };
    expect(await expiring).toMatchObject({ payload });
  });
});
