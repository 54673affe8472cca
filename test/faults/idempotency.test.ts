import { afterEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '../support/conformance.ts';
import { TestClock } from '../support/clock.ts';
import { fetchAnswer } from '../support/fetch-member.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';

afterEach(closeServices);

async function aliceAndBob() {
  const clock = new TestClock();
  const { service, url } = await startService({}, { clock });
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', { participantId: 'alice', idleTimeoutSeconds: 300 });
  const bob = await ledger.join(url, 'room', { participantId: 'bob', idleTimeoutSeconds: 300 });
  return { service, clock, url, ledger, alice, bob };
}

const KEY = { 'Idempotency-Key': 'key-1' };
const sendWithKey = (member: Member, payload: unknown): Promise<Answer> =>
  member.call('sendMessage', { body: { to: 'bob', type: 'custom', payload }, headers: KEY });

const isReplayed = ({ headers }: Answer): boolean => headers['idempotency-replayed'] === 'true';
const payloadsOf = async (member: Member): Promise<unknown[]> =>
  (await member.poll()).messages.map(({ payload }) => payload);

describe('an idempotency key', () => {
  test('that is reused with another body is refused, and nothing is stored', async () => {
    const { ledger, alice, bob } = await aliceAndBob();
    expect(await sendWithKey(alice, { first: 1, second: 2 })).toMatchObject({ status: 201 });
    expect(await sendWithKey(alice, { first: 1, second: 3 })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await payloadsOf(bob)).toEqual([{ first: 1, second: 2 }]);
    await ledger.settle();
  });

  test('of five concurrent sends gives all of them the receipt of the first', async () => {
    const { ledger, alice, bob } = await aliceAndBob();
    const answers = await Promise.all(Array.from({ length: 5 }, () => sendWithKey(alice, 'once')));
    const bodies = answers.map(({ body }) => JSON.stringify(body));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(bodies).size).toBe(1);
    expect(answers.filter(isReplayed)).toHaveLength(4);
    expect(await payloadsOf(bob)).toEqual(['once']);
    await ledger.settle();
  });

  test('is kept for 600 s, and may be used for another message after that', async () => {
    const { clock, ledger, alice, bob } = await aliceAndBob();
    const stayPresent = () => Promise.all([alice.roster(), bob.roster()]);
    const first = await sendWithKey(alice, 'first');
    await clock.advance(299_000);
    await stayPresent();
    await clock.advance(299_000);
    expect(await sendWithKey(alice, 'first')).toMatchObject({ status: 201, body: first.body });
    await stayPresent();
    await clock.advance(2_001);
    const second = await sendWithKey(alice, 'second');
    expect({ status: second.status, replayed: isReplayed(second) }).toEqual({ status: 201, replayed: false });
    // The first message expired after its 120 s; the ledger checks that Alice got the report.
    expect(await payloadsOf(bob)).toEqual(['second']);
    await ledger.settle();
  });

  test('of five concurrent joins adds one participant', async () => {
    const { url, ledger, bob } = await aliceAndBob();
    const { cursor: after } = await bob.poll();
    const join = () => fetchAnswer(url, 'joinRoom', '/v1/rooms/room/participants', { body: {}, headers: KEY });
    const answers = await Promise.all(Array.from({ length: 5 }, join));
    const ids = answers.map(({ body }) => (body as { participantId: string }).participantId);
    expect(new Set(ids).size).toBe(1);
    expect(answers.filter(isReplayed)).toHaveLength(4);
    expect((await bob.poll({ after })).messages).toMatchObject([
      { type: 'participant-joined', payload: { participant: { participantId: ids[0] } } },
    ]);
    await ledger.settle();
  });
});
