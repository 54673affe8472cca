import { afterEach, describe, expect, test } from '@jest/globals';
import type { Mailbox, ReceivedMessage } from '../../src/client/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { Proxy } from '../support/proxy.ts';
import { ServerProcess } from '../support/server-process.ts';
import { RestartingServer } from '../support/restarting-server.ts';
import { join, next, record } from './support/client.ts';
import { answer, invite, talk } from './support/rtc.ts';

afterEach(cleanUp);

const send = (mailbox: Mailbox, payload: unknown) => mailbox.send({ type: 'custom', to: 'bob', payload });

const payloads = (messages: readonly ReceivedMessage[]): unknown[] =>
  messages.filter(({ type }) => type === 'custom').map(({ payload }) => payload);

const arrived = (mailbox: Mailbox, payload: unknown) =>
  next(mailbox, 'message', (message) => message.payload === payload);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Sends one at a time, so that there are many requests, and waits for the last to arrive. */
async function exchange(alice: Mailbox, bob: Mailbox, count: number): Promise<void> {
  const received = record(bob);
  const last = arrived(bob, count);
  for (const number of upTo(count)) await send(alice, number);
  await last;
  expect(payloads(received)).toEqual(upTo(count));
}

describe('messages arrive once and in order', () => {
  test('when every third reply is lost', async () => {
    const { url } = await ServerProcess.start();
    let replies = 0;
    const proxy = await Proxy.start(url, { onReply: () => ((replies += 1) % 3 === 0 ? 'drop' : 'pass') });
    const [alice, bob] = [await join(proxy.url, 'alice'), await join(proxy.url, 'bob')];
    await exchange(alice, bob, 20);
    proxy.faults = {};
  });

  test('when every third reply is cut in the middle', async () => {
    const { url } = await ServerProcess.start();
    let replies = 0;
    const proxy = await Proxy.start(url, { onReply: () => ((replies += 1) % 3 === 0 ? 'cut' : 'pass') });
    const [alice, bob] = [await join(proxy.url, 'alice'), await join(proxy.url, 'bob')];
    await exchange(alice, bob, 20);
    proxy.faults = {};
  });

  test('when requests overtake each other on the way', async () => {
    const { url } = await ServerProcess.start();
    const delayMs = ({ number }: { number: number }): number => (number % 4) * 40;
    const onRequest = (asked: { number: number }) =>
      new Promise<void>((resolve) => void setTimeout(resolve, delayMs(asked)));
    const proxy = await Proxy.start(url, { onRequest });
    const [alice, bob] = [await join(proxy.url, 'alice'), await join(proxy.url, 'bob')];
    const received = record(bob);
    const last = arrived(bob, 30);
    const sending = upTo(30).map((number) => send(alice, number));
    await Promise.all([...sending, last]);
    expect(payloads(received)).toEqual(upTo(30));
  });

  test.each(['kill', 'stop'] as const)('when the server goes by "%s" and comes back', async (how) => {
    const servers = await RestartingServer.start();
    const [alice, bob] = [await join(servers.proxy.url, 'alice'), await join(servers.proxy.url, 'bob')];
    const received = record(bob);
    const first = arrived(bob, 1);
    await send(alice, 1);
    await first;
    const restarted = servers.restart(how);
    const last = arrived(bob, 3);
    await Promise.all([send(alice, 2), send(alice, 3), restarted, last]);
    expect(payloads(received)).toEqual([1, 2, 3]);
    expect([alice.state, bob.state]).not.toContain('ended');
  });
});

describe('a call', () => {
  test('connects through a network that loses every third reply, and hangs up', async () => {
    const { url } = await ServerProcess.start();
    let replies = 0;
    const proxy = await Proxy.start(url, { onReply: () => ((replies += 1) % 3 === 0 ? 'drop' : 'pass') });
    const [alice, bob] = [await join(proxy.url, 'alice'), await join(proxy.url, 'bob')];
    const answering = answer(bob);
    const caller = invite(alice, 'bob');
    const callee = await answering;
    await talk(caller, callee);
    caller.call.hangUp();
    expect(await callee.call.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });
    proxy.faults = {};
  });

  test('connects though the server is killed between ringing and accepting', async () => {
    const servers = await RestartingServer.start();
    const [alice, bob] = [await join(servers.proxy.url, 'alice'), await join(servers.proxy.url, 'bob')];
    // The next server takes its time to start on a busy machine.
    const patient = { iceTimeoutMs: 10 * 60_000 };
    const answering = answer(bob, patient);
    const caller = invite(alice, 'bob', patient);
    await next(alice, 'message', ({ type }) => type === 'ringing');
    await servers.restart('kill');
    const callee = await answering;
    await talk(caller, callee);
  });
});

describe('a proxy that cuts polls after 3 s', () => {
  const LIMIT_SECONDS = 3;

  test('is learned; after that, polls are no longer cut, and messages come', async () => {
    const { url } = await ServerProcess.start();
    const waits: number[] = [];
    const proxy = await Proxy.start(url, {
      timeoutMs: ({ path }, body) => {
        if (!path.endsWith('/messages/poll')) return undefined;
        const { wait } = JSON.parse(body) as { wait: number };
        waits.push(wait);
        // A shorter poll would be over by then, but for a slow machine.
        return wait < LIMIT_SECONDS ? undefined : LIMIT_SECONDS * 1_000;
      },
    });
    const bob = await join(proxy.url, 'bob');
    record(bob);
    await next(bob, 'exchange', ({ operation, kind }) => operation === 'pollMessages' && kind === 'ok');
    expect(bob.waitSeconds).toBeLessThan(LIMIT_SECONDS);
    const asked = waits.length;
    const alice = await join(url, 'alice');
    const arriving = arrived(bob, 'hello');
    await send(alice, 'hello');
    await arriving;
    expect(waits.slice(asked).filter((wait) => wait >= LIMIT_SECONDS)).toEqual([]);
  });
});
