import { afterEach, describe, expect, test } from '@jest/globals';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

afterEach(closeServices);

const numbersOf = (messages: readonly { readonly payload?: unknown }[]) =>
  messages.flatMap(({ payload }) => payload ?? []);

async function setUp(given: Parameters<typeof createService>[0]) {
  const clock = new TestClock();
  const { app } = await createService({ rateLimit: 'off', ...given }, { clock });
  const room = newRoom();
  const [mallory, alice, bob] = [
    await join(app, room, 'mallory'),
    await join(app, room, 'alice'),
    await join(app, room, 'bob'),
  ];
  return { clock, mallory, alice, bob };
}

/** Sends numbers until one is refused. @returns how many were stored */
async function flood(
  from: Member,
  to: string,
): Promise<{ stored: number; refusal: Awaited<ReturnType<Member['call']>> }> {
  for (let stored = 0; ; stored += 1) {
    const answer = await from.call('sendMessage', { body: { to, type: 'custom', payload: stored } });
    if (answer.status !== 201) return { stored, refusal: answer };
  }
}

describe('a sender that floods a mailbox', () => {
  test('gets 429, while other participants exchange messages and the owner receives all stored messages in order', async () => {
    const { mallory, alice, bob } = await setUp({ maxMailboxMessages: 100 });
    const { stored, refusal } = await flood(mallory, 'bob');
    expect(stored).toBe(100);
    expect(problemOf(refusal, 'mailbox-full').retryable).toBe(true);

    await bob.send({ to: 'alice', type: 'ringing' });
    expect((await alice.poll()).messages.at(-1)).toMatchObject({ type: 'ringing', from: 'bob' });

    const numbers: unknown[] = [];
    for (let after = bob.joined.cursor, more = true; more;) {
      const batch = await bob.poll({ after });
      numbers.push(...numbersOf(batch.messages));
      ({ cursor: after, more } = batch);
      if (!more) await bob.poll({ after });
    }
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await mallory.send({ to: 'bob', type: 'custom', payload: 'again' });
  });

  test('meets its own rate limit first, and no other participant is charged', async () => {
    const { clock, mallory, alice } = await setUp({ rateLimit: 'on', rateLimitMessagesPerSecond: 10 });
    const { stored, refusal } = await flood(mallory, 'bob');
    expect(stored).toBe(40);
    problemOf(refusal, 'rate-limited');
    expect(refusal.headers['ratelimit-policy']).toContain('messages');
    await alice.send({ to: 'bob', type: 'ringing' });
    await clock.advance(Number(refusal.headers['retry-after']) * 1_000);
    await mallory.send({ to: 'bob', type: 'ringing' });
  });
});

test('a poll whose token is replaced ends with 410 at once, and gets no later message', async () => {
  const clock = new TestClock();
  const service = await createService({ rateLimit: 'off' }, { clock });
  const alice = await join(service.app, newRoom(), 'alice');
  const bob = await join(service.app, alice.roomId, 'bob');
  const after = bob.joined.cursor;
  const { ended } = await service.hold('bob', () => bob.call('receiveMessages', { query: { wait: 50, after } }));
  const successor = await bob.rejoin({ resume: true });
  const [old] = await Promise.all([ended, alice.send({ to: 'bob', type: 'invite' })]);
  // The clock is never advanced, so the poll ended without delay.
  expect(problemOf(old, 'participant-gone')).toMatchObject({ reason: 'replaced' });
  expect((await successor.poll()).messages).toMatchObject([{ type: 'invite' }]);
  expect(await bob.call('receiveMessages', { query: { wait: 0 } })).toMatchObject({ status: 401 });
});
