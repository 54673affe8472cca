import { afterEach, describe, expect, test } from '@jest/globals';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { join, newRoom, type Member } from '../support/member.ts';
import { changes, scrape } from './series.ts';

afterEach(closeServices);

async function setUp() {
  const clock = new TestClock();
  const service = await createService({ rateLimit: 'off', maxMailboxMessages: 4 }, { clock });
  const room = newRoom();
  const [alice, bob] = [await join(service.app, room, 'alice'), await join(service.app, room, 'bob')] as const;
  await bob.poll();
  await alice.poll();
  const before = await scrape(service.app);
  const counted = async (prefix: string) => changes(before, await scrape(service.app), `holdline_${prefix}`);
  return { clock, service, alice, bob, counted };
}

const send = (from: Member, to: string, type: 'ringing' | 'accept' = 'ringing', ttlSeconds = 60) =>
  from.send({ to, type, ttlSeconds });
const outcome = (what: string) => `holdline_messages_total{outcome="${what}"}`;

describe('metrics of messages', () => {
  test('a copy counts once as stored and once as delivered, however often it is sent again', async () => {
    const { alice, bob, counted } = await setUp();
    await send(alice, 'bob');
    expect(await counted('messages_total')).toEqual({});
    await bob.poll();
    await send(alice, 'bob', 'accept');
    await bob.poll();
    await bob.poll();
    expect(await counted('messages_total')).toEqual({
      [outcome('delivered')]: 2,
    });
    expect(await counted('messages_stored')).toEqual({
      'holdline_messages_stored_total{type="ringing"}': 1,
      'holdline_messages_stored_total{type="accept"}': 1,
    });
  });

  test('a broadcast counts once per recipient, without skipped mailboxes', async () => {
    const { alice, bob, service, counted } = await setUp();
    await join(service.app, alice.roomId, 'carol');
    for (let message = 0; message < 4; message += 1) await send(alice, 'bob');
    await alice.send({ type: 'accept' });
    expect((await counted('messages_stored'))['holdline_messages_stored_total{type="accept"}']).toBe(1);
    expect((await bob.poll()).messages.filter(({ type }) => type === 'ringing')).toHaveLength(4);
  });

  test('a copy whose lifetime ends before its first reply counts as expired', async () => {
    const { clock, alice, bob, counted } = await setUp();
    await send(alice, 'bob', 'ringing', 1);
    await send(alice, 'bob', 'accept', 60);
    await clock.advance(2_000);
    await bob.poll();
    expect(await counted('messages_total')).toEqual({ [outcome('expired')]: 1, [outcome('delivered')]: 1 });
  });

  test('a delivered copy does not count as expired', async () => {
    const { clock, alice, bob, counted } = await setUp();
    await send(alice, 'bob', 'ringing', 1);
    await bob.poll();
    await clock.advance(2_000);
    expect(await counted('messages_total')).toEqual({ [outcome('delivered')]: 1 });
  });

  test('a copy whose mailbox ends before its first reply counts as undeliverable', async () => {
    const { alice, bob, counted } = await setUp();
    await send(alice, 'bob');
    await bob.poll();
    await send(alice, 'bob', 'accept');
    await bob.leave();
    expect(await counted('messages_total')).toEqual({
      [outcome('delivered')]: 1,
      [outcome('undeliverable')]: 1,
    });
    expect(await counted('participants_gone')).toEqual({ 'holdline_participants_gone_total{reason="left"}': 1 });
  });

  test('a replayed send does not count', async () => {
    const { alice, counted } = await setUp();
    const headers = { 'Idempotency-Key': 'once' };
    for (let attempt = 0; attempt < 3; attempt += 1) await alice.send({ to: 'bob', type: 'ringing' }, headers);
    expect(await counted('messages_stored')).toEqual({ 'holdline_messages_stored_total{type="ringing"}': 1 });
  });
});

describe('the delivery time', () => {
  test('runs from commit to reply, with one series for held polls and one for pending messages', async () => {
    const { clock, service, alice, bob, counted } = await setUp();
    const after = (await bob.poll()).cursor;
    const held = await service.hold('bob', () => bob.call('receiveMessages', { query: { wait: 20, after } }));
    await clock.advance(5_000);
    await send(alice, 'bob');
    expect(await held.ended).toMatchObject({ status: 200 });
    await send(alice, 'bob', 'accept');
    await clock.advance(3_000);
    await bob.poll();
    const seconds = await counted('delivery_seconds');
    expect(seconds).toMatchObject({
      'holdline_delivery_seconds_count{poll="held"}': 1,
      'holdline_delivery_seconds_count{poll="pending"}': 1,
      'holdline_delivery_seconds_sum{poll="pending"}': 3,
    });
    expect(seconds['holdline_delivery_seconds_bucket{le="0.001",poll="held"}']).toBe(1);
  });
});
