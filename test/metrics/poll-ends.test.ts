import { afterEach, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService, startService } from '../support/holdline.ts';
import { join, newRoom } from '../support/member.ts';
import { changes, scrape } from './series.ts';

afterEach(closeServices);

async function setUp() {
  const clock = new TestClock();
  const service = await createService({ rateLimit: 'off', drainSeconds: 10 }, { clock });
  const alice = await join(service.app, newRoom(), 'alice');
  const before = await scrape(service.app);
  const ends = async () => {
    const changed = changes(before, await scrape(service.app), 'holdline_poll_ends_total');
    const causes = Object.entries(changed).map(([name, by]) => [/cause="(\w+)"/.exec(name)?.[1] ?? name, by] as const);
    return Object.fromEntries<number>(causes);
  };
  const hold = () => service.hold('alice', () => alice.call('receiveMessages', { query: { wait: 20 } }));
  return { clock, service, alice, ends, hold };
}

test('a poll that returns messages ends with the cause message', async () => {
  const { service, alice, ends, hold } = await setUp();
  const { ended } = await hold();
  await join(service.app, alice.roomId, 'bob');
  await ended;
  expect(await ends()).toEqual({ message: 1 });
});

test('an empty poll ends with the cause window, also with wait=0', async () => {
  const { clock, alice, ends, hold } = await setUp();
  const { ended } = await hold();
  await clock.advance(20_000);
  await ended;
  await alice.poll();
  expect(await ends()).toEqual({ window: 2 });
});

test('a poll that a newer poll replaces ends with the cause superseded', async () => {
  const { clock, ends, hold } = await setUp();
  const older = await hold();
  const newer = await hold();
  expect(await older.ended).toMatchObject({ status: 409 });
  await clock.advance(20_000);
  await newer.ended;
  expect(await ends()).toEqual({ superseded: 1, window: 1 });
});

test('a poll of a participant that leaves ends with the cause gone', async () => {
  const { alice, ends, hold } = await setUp();
  const { ended } = await hold();
  await alice.leave();
  expect(await ended).toMatchObject({ status: 410 });
  expect(await ends()).toEqual({ gone: 1 });
});

test('a poll with an invalid cursor ends with the cause refused', async () => {
  const { service, alice, ends } = await setUp();
  const other = await join(service.app, alice.roomId, 'bob');
  await alice.call('receiveMessages', { query: { wait: 0, after: other.joined.cursor } });
  expect(await ends()).toEqual({ refused: 1 });
});

test('a poll that is held when the service stops ends with the cause draining', async () => {
  const { clock, service, ends, hold } = await setUp();
  const bob = await join(service.app, newRoom(), 'bob');
  const first = await hold();
  const second = await service.hold('bob', () => bob.call('receiveMessages', { query: { wait: 20 } }));
  const closed = service.holdline.close();
  expect(await first.ended).toMatchObject({ status: 200 });
  expect(await ends()).toEqual({ draining: 1 });
  await clock.advance(4_000);
  await Promise.all([second.ended, closed]);
});

test('a poll whose client closes its connection ends with the cause client_closed, and is no longer held', async () => {
  const { service, url } = await startService();
  const alice = await join(url, newRoom(), 'alice');
  const poll = request(`${url}/v1/rooms/${alice.roomId}/messages?wait=20`, {
    headers: { Authorization: `Bearer ${alice.token}` },
  });
  poll.on('error', () => undefined);
  const held = await service.hold('alice', () => new Promise((resolve) => poll.once('close', resolve).end()));
  expect((await scrape(url)).get('holdline_held_polls')).toBe(1);
  const ending = service.ending('alice');
  poll.destroy();
  await Promise.all([held.ended, ending]);
  const series = await scrape(url);
  expect(series.get('holdline_poll_ends_total{cause="client_closed"}')).toBe(1);
  expect(series.get('holdline_held_polls')).toBe(0);
});
