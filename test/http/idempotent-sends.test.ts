import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '../support/conformance.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const KEPT_MS = 600_000;

let clock: TestClock;
let service: Service;
beforeAll(async () => {
  clock = new TestClock();
  service = await createService({ rateLimit: 'off', maxMailboxMessages: 3 }, { clock });
});
afterAll(closeServices);

let alice: Member;
let bob: Member;
let key: Record<string, string>;
beforeEach(async () => {
  const roomId = newRoom();
  alice = await join(service.app, roomId, { participantId: 'alice', idleTimeoutSeconds: 300 });
  bob = await join(service.app, roomId, { participantId: 'bob', idleTimeoutSeconds: 300 });
  key = { 'Idempotency-Key': randomUUID() };
});

const send = (body: unknown, headers = key): Promise<Answer> => alice.call('sendMessage', { body, headers });
const sendText = (text: string): Promise<Answer> => alice.call('sendMessage', { text, headers: key });
const sendAll = (messages: unknown, headers = key): Promise<Answer> =>
  alice.call('sendMessages', { body: { messages }, headers });
const received = async (): Promise<number> => (await bob.poll()).messages.length;

const expectReplayed = (answer: Answer, first: Answer): void => {
  expect(first.headers).not.toHaveProperty('idempotency-replayed');
  expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([201, 'true']);
  expect(answer.body).toEqual(first.body);
};

const invite = { type: 'invite', to: 'bob' };

describe('a repeated send with an idempotency key', () => {
  test('gets the stored receipt, and is stored once', async () => {
    const first = await send(invite);
    expectReplayed(await send(invite), first);
    expect(await received()).toBe(1);
  });

  test('gets the stored receipts of a batch', async () => {
    const first = await sendAll([invite, invite]);
    expectReplayed(await sendAll([invite, invite]), first);
    expect(await received()).toBe(2);
  });

  test('is replayed after the recipient has left', async () => {
    const first = await send(invite);
    await sendAll([invite, invite], {});
    problemOf(await send(invite, { 'Idempotency-Key': randomUUID() }), 'mailbox-full');
    expectReplayed(await send(invite), first);
    await bob.leave();
    problemOf(await send(invite, { 'Idempotency-Key': randomUUID() }), 'recipient-not-found');
    expectReplayed(await send(invite), first);
  });

  test('arriving while the first is processed shares its outcome', async () => {
    const [one, other] = await Promise.all([send(invite), send(invite)]);
    expect(one.body).toEqual(other.body);
    expect([one, other].filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(1);
    expect(await received()).toBe(1);
  });

  test('after 600 s is a new send', async () => {
    const first = await send(invite);
    await keepAlive(KEPT_MS - 1);
    expectReplayed(await send(invite), first);
    await clock.advance(1);
    const later = await send(invite);
    expect(later.headers).not.toHaveProperty('idempotency-replayed');
    expect(later.body).not.toEqual(first.body);
  });

  /** No participant may expire. */
  async function keepAlive(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 200_000) {
      await clock.advance(Math.min(leftMs, 200_000));
      await Promise.all([alice.roster(), bob.roster()]);
    }
  }
});

describe('another body under an idempotency key', () => {
  test.each<[string, object]>([
    ['another type', { type: 'ringing', to: 'bob' }],
    ['another recipient', { type: 'invite' }],
    ['one field more', { ...invite, callId: 'x' }],
    ['a payload', { ...invite, payload: {} }],
  ])('is refused: %s', async (_, body) => {
    await send(invite);
    problemOf(await send(body), 'idempotency-key-reused');
    expect(await received()).toBe(1);
  });

  test('is refused even if only its text differs: white space, order of members, spelling of a number', async () => {
    const text = '{"type":"custom","to":"bob","payload":{"a":1}}';
    const first = await sendText(text);
    for (const other of [
      `${text} `,
      '{"to":"bob","type":"custom","payload":{"a":1}}',
      '{"type":"custom","to":"bob","payload":{"a":1.0}}',
    ]) {
      problemOf(await sendText(other), 'idempotency-key-reused');
    }
    expectReplayed(await sendText(text), first);
    expect(await received()).toBe(1);
  });

  test('is refused even if only an inner key or the order of a list differs', async () => {
    const custom = (payload: unknown) => ({ type: 'custom', to: 'bob', payload });
    await send(custom({ a: [1, 2], b: { c: null } }));
    for (const payload of [
      { a: [2, 1], b: { c: null } },
      { a: [1, 2], b: { c: 0 } },
      { a: [1, 2], b: {} },
      { a: [1, 2] },
    ]) {
      problemOf(await send(custom(payload)), 'idempotency-key-reused');
    }
  });

  test('is accepted from another sender, for another operation and for a new mailbox', async () => {
    await send(invite);
    const answers = [
      await bob.call('sendMessage', { body: { type: 'ringing' }, headers: key }),
      await sendAll([{ type: 'ringing' }]),
    ];
    for (const { status, headers } of answers) {
      expect([status, headers['idempotency-replayed']]).toEqual([201, undefined]);
    }
    alice = await alice.rejoin();
    const { status, headers } = await send({ type: 'hangup' });
    expect([status, headers['idempotency-replayed']]).toEqual([201, undefined]);
  });
});

describe('only a 201 is recorded', () => {
  test('a refused send may be repeated under its key, changed or not', async () => {
    problemOf(await send({ ...invite, to: 'carol' }), 'recipient-not-found');
    await join(service.app, alice.roomId, 'carol');
    const answer = await send({ ...invite, to: 'carol' });
    expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([201, undefined]);
  });

  test('a resumed participant keeps its keys', async () => {
    const first = await send(invite);
    alice = await alice.rejoin({ resume: true });
    expectReplayed(await send(invite), first);
  });
});

test('without a key every send is a new one', async () => {
  const [one, other] = [await send(invite, {}), await send(invite, {})];
  expect(one.body).not.toEqual(other.body);
  expect(await received()).toBe(2);
});
