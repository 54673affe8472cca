import { afterEach, describe, expect, test } from '@jest/globals';
import type { Mailbox, ReceivedMessage } from '../../src/client/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Proxy } from '../support/proxy.ts';
import { RestartingServer } from '../support/restarting-server.ts';
import { join, next, record } from './support/client.ts';
import { answer, invite, talk } from './support/rtc.ts';

afterEach(cleanUp);
afterEach(closeServices);

type Faults = NonNullable<Parameters<typeof Proxy.start>[1]>;

/** Alice and Bob behind a network with these faults. Their pauses after a failure are a twentieth of the longest. */
async function joinBehind(faults: Faults): Promise<{ proxy: Proxy; alice: Mailbox; bob: Mailbox }> {
  const proxy = await Proxy.start((await startService()).url, faults);
  return { proxy, ...(await joinBoth(proxy.url)) };
}

async function joinBoth(url: string): Promise<{ alice: Mailbox; bob: Mailbox }> {
  const options = { random: () => 0.05 };
  return { alice: await join(url, 'alice', options), bob: await join(url, 'bob', options) };
}

/** Faults that hit every third reply. */
function everyThirdReply(verdict: 'drop' | 'cut'): Faults {
  let replies = 0;
  return { onReply: () => ((replies += 1) % 3 === 0 ? verdict : 'pass') };
}

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
  test.each([
    ['is lost', 'drop'],
    ['is cut in the middle', 'cut'],
  ] as const)('when every third reply %s', async (_, verdict) => {
    const { proxy, alice, bob } = await joinBehind(everyThirdReply(verdict));
    await exchange(alice, bob, 20);
    proxy.faults = {};
  });

  test('when requests overtake each other on the way', async () => {
    const delayMs = ({ number }: { number: number }): number => (number % 4) * 40;
    const onRequest = (asked: { number: number }) =>
      new Promise<void>((resolve) => void setTimeout(resolve, delayMs(asked)));
    const { alice, bob } = await joinBehind({ onRequest });
    const received = record(bob);
    const last = arrived(bob, 30);
    const sending = upTo(30).map((number) => send(alice, number));
    await Promise.all([...sending, last]);
    expect(payloads(received)).toEqual(upTo(30));
  });

  test.each(['kill', 'stop'] as const)('when the server goes by "%s" and comes back', async (how) => {
    const servers = await RestartingServer.start();
    const { alice, bob } = await joinBoth(servers.proxy.url);
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
    const { proxy, alice, bob } = await joinBehind(everyThirdReply('drop'));
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
    const { alice, bob } = await joinBoth(servers.proxy.url);
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

  test('lowers the length of polls, which are no longer cut, and messages arrive', async () => {
    const { url } = await startService();
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
