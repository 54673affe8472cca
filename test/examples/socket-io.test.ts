import { afterEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join as pathOf } from 'node:path';
import process from 'node:process';
import { WebSocket } from 'ws';
import { startServer } from '../../examples/socket-io/server.ts';
import type { Outcome } from '../../examples/socket-io/events.ts';
import { SocketIoUser } from '../../examples/socket-io/user.ts';
import {
  Call,
  type FetchLike,
  type JoinOptions,
  type JoinResult,
  type Mailbox,
  type ReceivedMessage,
} from '../../src/client/index.ts';
import { join } from '../client/support/client.ts';
import { FakePeer } from '../client/support/fake-peer.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { COMPILE_CACHE, Program, killAll } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryDirectory } from '../support/server-process.ts';

afterEach(cleanUp);
afterEach(killAll);

const MESSAGES = 30;

/** What one side has received from the other, and how far it is. */
class Received {
  readonly messages: ReceivedMessage[] = [];
  readonly #watchers = new Set<() => void>();
  /** Called after each message, before it is acknowledged. */
  onMessage: (payload: unknown) => void = () => undefined;

  readonly add = (message: ReceivedMessage): void => {
    if (message.from === undefined) return;
    this.messages.push(message);
    this.onMessage(message.payload);
    for (const watch of this.#watchers) watch();
  };

  get payloads(): unknown[] {
    return this.messages.map(({ payload }) => payload);
  }

  /** Resolves with the first message, past or future, that fits. */
  until(fits: (message: ReceivedMessage) => boolean): Promise<ReceivedMessage> {
    return new Promise((resolve) => {
      const watch = (): void => {
        const found = this.messages.find(fits);
        if (found === undefined) return;
        this.#watchers.delete(watch);
        resolve(found);
      };
      this.#watchers.add(watch);
      watch();
    });
  }
}

interface Pair {
  readonly alice: SocketIoUser;
  readonly toAlice: Received;
  readonly bob: Mailbox;
  readonly toBob: Received;
}

/** Alice uses Socket.IO, and Bob polls. Both are in the room when it resolves. */
async function enter(url: string, options: Partial<JoinOptions> = {}): Promise<Pair> {
  const [toAlice, toBob] = [new Received(), new Received()];
  const bob = await join(`${url}/signalling`, 'bob', options);
  bob.on('message', toBob.add);
  const arrived = new Promise((resolve) => bob.on('participant-joined', resolve));
  const alice = new SocketIoUser(url, { roomId: 'room', userId: 'alice' }, toAlice.add);
  alice.socket.io.reconnectionDelay(50).reconnectionDelayMax(50);
  onCleanUp(() => alice.socket.disconnect());
  await arrived;
  return { alice, toAlice, bob, toBob };
}

async function served(options: Partial<JoinOptions> = {}): Promise<Pair> {
  const server = await startServer(':memory:');
  onCleanUp(() => server.close());
  return enter(server.url, options);
}

/** Each sends numbered messages to the other, all at once. Resolves when the last one of each has arrived. */
async function burst({ alice, toAlice, bob, toBob }: Pair): Promise<void> {
  for (let n = 1; n <= MESSAGES; n += 1) {
    void alice.send({ to: 'bob', type: 'custom', payload: n });
    void bob.send({ to: 'alice', type: 'custom', payload: n });
  }
  await Promise.all([toAlice, toBob].map((received) => received.until(({ payload }) => payload === MESSAGES)));
}

const inOrder = Array.from({ length: MESSAGES }, (_, index) => index + 1);

/** Sends one more message each way: copies of earlier ones would arrive before it. */
async function expectEachOnce({ alice, toAlice, bob, toBob }: Pair): Promise<void> {
  void alice.send({ to: 'bob', type: 'custom', payload: 'end' });
  void bob.send({ to: 'alice', type: 'custom', payload: 'end' });
  await Promise.all([toAlice, toBob].map((received) => received.until(({ payload }) => payload === 'end')));
  expect(toAlice.payloads).toEqual([...inOrder, 'end']);
  expect(toBob.payloads).toEqual([...inOrder, 'end']);
}

describe('a Socket.IO user and a user that polls', () => {
  test('call each other', async () => {
    const { alice, toAlice, bob } = await served();
    const peer = new FakePeer('b');
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const send = (type: string, payload?: object): Promise<Outcome> =>
      alice.send({ to: 'bob', type, callId: 'c1', payload } as Parameters<SocketIoUser['send']>[0]);
    expect(await send('invite')).toMatchObject({ recipients: [{ participantId: 'bob', listening: true }] });
    const incoming = await ringing;
    expect(incoming.remote).toBe('alice');
    incoming.accept(peer);
    await toAlice.until(({ type }) => type === 'accept');
    await send('offer', { type: 'offer', sdp: 'v=0\r\na=ice-ufrag:a1\r\n' });
    await toAlice.until(({ type }) => type === 'answer');
    await toAlice.until(({ type }) => type === 'candidate');
    peer.become('connected');
    expect(await incoming.whenConnected).toBe(true);
    await send('hangup', { reason: 'user_hangup' });
    expect(await incoming.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });

    const outgoing = Call.invite(bob, { to: 'alice', peerConnection: new FakePeer('b') });
    await toAlice.until(({ type, callId }) => type === 'invite' && callId === outgoing.callId);
    await alice.send({ to: 'bob', type: 'reject', callId: outgoing.callId, payload: { reason: 'user_busy' } });
    expect(await outgoing.whenEnded).toEqual({ reason: 'user_busy', by: 'remote' });
  });

  test('get the reason when a message is refused', async () => {
    const { alice } = await served();
    expect(await alice.send({ to: 'nobody', type: 'invite' })).toMatchObject({ code: 'recipient-not-found' });
    expect(await alice.send({ to: 'bob' } as never)).toMatchObject({ code: 'invalid-request' });
  });

  test('keep every message, once and in order, when the Socket.IO client loses its connection in mid-burst', async () => {
    const pair = await served();
    const { alice, toAlice, toBob } = pair;
    const copies: unknown[] = [];
    alice.socket.on('message', ({ payload }) => void copies.push(payload));
    // Before Alice acknowledges this message, and while one of hers is on its way.
    toAlice.onMessage = (payload) => {
      if (payload === 7) alice.socket.io.engine.close();
    };
    toBob.onMessage = (payload) => {
      if (payload === 20) alice.socket.io.engine.close();
    };
    await burst(pair);
    await expectEachOnce(pair);
    expect(copies.filter((payload) => payload === 7).length).toBeGreaterThan(1);
  });

  test('keep every message, once and in order, when the polling client loses answers', async () => {
    let answers = 0;
    const losing: FetchLike = async (url, init) => {
      const response = await fetch(url, init);
      if ((answers += 1) % 3 === 0) throw new TypeError('the answer is lost');
      return response;
    };
    const pair = await served({ fetch: losing, random: () => 0 });
    await burst(pair);
    await expectEachOnce(pair);
    expect(answers).toBeGreaterThan(9);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'keep every message, once and in order, when the server restarts in mid-burst: %s',
    async (signal) => {
      const [port, DATABASE] = [await freePort(), pathOf(temporaryDirectory(), 'socket-io.db')];
      const start = async (): Promise<Program> => {
        const main = pathOf(import.meta.dirname, '../../examples/socket-io/main.ts');
        const program = new Program([process.execPath, main], {
          env: { ...COMPILE_CACHE, PORT: String(port), DATABASE },
        });
        await program.shown(/^listening/m);
        return program;
      };
      const first = await start();
      const toldToEnd: string[] = [];
      const pair = await enter(`http://localhost:${port}`);
      const { alice, toAlice } = pair;
      alice.socket.on('ended', (reason) => void toldToEnd.push(reason));
      // Alice gets the next message after she has acknowledged this one, so most are still to come.
      toAlice.onMessage = (payload) => {
        if (payload === 5) first.signal(signal);
      };
      const bursting = burst(pair);
      await first.ended;
      await start();
      await bursting;
      await expectEachOnce(pair);
      expect(toldToEnd).toEqual([]);
    },
  );

  test('send a message once, however often the Socket.IO client repeats it', async () => {
    const { alice, toBob } = await served();
    const key = randomUUID();
    const message = { to: 'bob', type: 'custom', payload: 'once' } as const;
    const first = await alice.socket.emitWithAck('send', key, message);
    expect(await alice.socket.emitWithAck('send', key, message)).toEqual(first);
    await alice.send({ to: 'bob', type: 'custom', payload: 'end' });
    await toBob.until(({ payload }) => payload === 'end');
    expect(toBob.payloads).toEqual(['once', 'end']);
  });

  test('are ended when the user connects a second time: the newest connection wins', async () => {
    const server = await startServer(':memory:');
    onCleanUp(() => server.close());
    const { alice, bob } = await enter(server.url);
    const ended = new Promise((resolve) => alice.socket.on('ended', resolve));
    const toAlice = new Received();
    const again = new SocketIoUser(server.url, { roomId: 'room', userId: 'alice' }, toAlice.add);
    onCleanUp(() => again.socket.disconnect());
    expect(await ended).toBe('taken-over');
    await bob.send({ to: 'alice', type: 'custom', payload: 1 });
    await toAlice.until(({ payload }) => payload === 1);
  });

  test('can read by the socket of Holdline, on the port of Socket.IO', async () => {
    const server = await startServer(':memory:');
    onCleanUp(() => server.close());
    const path = '/v1/rooms/room/participants';
    const { token } = (await (await fetch(server.pollingUrl + path, { method: 'POST' })).json()) as JoinResult;
    const { alice } = await enter(server.url);
    const { engine } = alice.socket.io;
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve));
    const url = `${server.pollingUrl.replace('http', 'ws')}/v1/rooms/room/messages/socket`;
    const reader = new WebSocket(url, 'holdline.v1');
    onCleanUp(() => reader.terminate());
    const welcome = once(reader, 'message');
    await once(reader, 'open');
    reader.send(JSON.stringify({ type: 'hello', token }));
    expect(String((await welcome)[0])).toContain('"welcome"');
    expect((await alice.send({ type: 'invite' })) as object).toMatchObject({ recipients: { length: 2 } });

    const elsewhere = new WebSocket(url.replace('/signalling', ''), 'holdline.v1');
    await expect(once(elsewhere, 'open')).rejects.toThrow('socket hang up');
  });

  test('leave the room for the other', async () => {
    const { alice, bob } = await served();
    const left = new Promise((resolve) => bob.on('participant-left', resolve));
    alice.leave();
    expect(await left).toEqual({ participantId: 'alice', reason: 'left' });
  });
});
