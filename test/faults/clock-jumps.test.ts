import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { Ledger } from '../support/ledger.ts';
import { ServerProcess, untilListening } from '../support/server-process.ts';

afterEach(cleanUp);

const HOUR_MS = 3_600_000;

/** Runs inside the server: SIGUSR2 makes the wall clock jump, but not timers and the steady clock. */
const jumpingClock = (byMs: number): string => `
  const now = Date.now;
  process.on('SIGUSR2', () => {
    Date.now = () => now() + ${byMs};
    console.log(JSON.stringify({ level: 'info', msg: 'the wall clock jumped' }));
  });`;

async function startWithClock(byMs: number): Promise<ServerProcess> {
  const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(jumpingClock(byMs))}`];
  return ServerProcess.start({ execArgv });
}

describe.each([
  ['forwards', HOUR_MS],
  ['back', -HOUR_MS],
])('when the wall clock jumps an hour %s', (_, byMs) => {
  test('nothing expires early, the held poll stays held, and `sentAt` follows the new time', async () => {
    const server = await startWithClock(byMs);
    const ledger = new Ledger();
    const alice = await ledger.join(server.url, 'room', 'alice');
    const bob = await ledger.join(server.url, 'room', 'bob');
    const carol = await ledger.join(server.url, 'room', 'carol');
    const sentMs = performance.now();
    const before = await alice.send({ to: 'bob', type: 'custom', payload: 'before', ttlSeconds: 300 });
    const { cursor: after } = await carol.poll();
    const held = carol.poll({ after, wait: 20 });
    await untilListening(carol);

    server.command.signal('SIGUSR2');
    await server.command.logged(/the wall clock jumped/);
    // A sweep that used the wall clock would run within half a second, before this lifetime of 1 s ends.
    await alice.send({ to: 'bob', type: 'custom', payload: 'short', ttlSeconds: 1 });
    const { messages: reports } = await nextReport(alice);
    expect(reports).toMatchObject([{ payload: { type: 'custom', to: 'bob' } }]);

    const { messages, expired } = await bob.poll({ after: bob.joined.cursor });
    expect(expired).toBe(1);
    expect(messages.filter(({ from }) => from === 'alice')).toMatchObject([{ id: before.id, payload: 'before' }]);
    const { ageMs } = messages.find(({ id }) => id === before.id) ?? { ageMs: Infinity };
    expect(ageMs).toBeLessThanOrEqual(Math.ceil(performance.now() - sentMs));
    expect((await alice.roster()).map(({ participantId }) => participantId)).toEqual(['alice', 'bob', 'carol']);

    const earliestMs = Date.now() + byMs;
    const late = await alice.send({ to: 'carol', type: 'custom', payload: 'after' });
    const latestMs = Date.now() + byMs;
    expect((await held).messages).toMatchObject([{ id: late.id }]);
    expect(Date.parse(late.sentAt)).toBeGreaterThanOrEqual(earliestMs);
    expect(Date.parse(late.sentAt)).toBeLessThanOrEqual(latestMs);
    await ledger.settle();
  });
});

/** Polls until a batch has a `message-expired`; skips other room events. */
async function nextReport(member: Awaited<ReturnType<Ledger['join']>>) {
  let batch = await member.poll({ wait: 20 });
  while (!batch.messages.some(({ type }) => type === 'message-expired')) {
    batch = await member.poll({ after: batch.cursor, wait: 20 });
  }
  return { ...batch, messages: batch.messages.filter(({ type }) => type === 'message-expired') };
}
