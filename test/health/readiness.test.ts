import { afterEach, describe, expect, test } from '@jest/globals';
import { call, problemOf } from '../support/http.ts';
import { join } from '../support/member.ts';
import { testOnSqlite } from '../support/store-of-run.ts';
import { closeAll, Wedge } from './wedge.ts';

afterEach(closeAll);

const ready = (wedge: Wedge) => call(wedge.app, 'getReadiness', {});

/** Asks; what goes wrong inside shows when the limit of 2 s is over. */
async function readyOrLate(wedge: Wedge) {
  const sent = wedge.nextSend();
  const asked = ready(wedge);
  await sent;
  await wedge.clock.advance(2_000);
  return asked;
}

describe('/readyz', () => {
  test('is green when a message was stored, delivered to a waiting poll and acknowledged', async () => {
    const wedge = await Wedge.service();
    expect(await ready(wedge)).toMatchObject({ status: 200, body: { status: 'ready' } });
    expect(wedge.sends).toBe(1);
  });

  test.each(['hintsAreLost', 'commitsHang'] as const)(
    'fault 18: is red within 10 s when %s, and green again by itself',
    async (fault) => {
      const wedge = await Wedge.service();
      expect(await ready(wedge)).toMatchObject({ status: 200 });
      wedge[fault] = true;
      await wedge.clock.advance(3_000);
      const red = problemOf(await readyOrLate(wedge), 'storage-unavailable');
      expect(red).toMatchObject({ retryable: true, detail: expect.stringContaining('within 2 s') });
      wedge[fault] = false;
      expect(await ready(wedge)).toMatchObject({ status: 503 });
      await wedge.clock.advance(3_000);
      expect(await ready(wedge)).toMatchObject({ status: 200 });
    },
  );

  test('is red at once when the store refuses, and says no more than that', async () => {
    const wedge = await Wedge.service();
    wedge.store.append = () => Promise.reject(new Error('a secret of the disk'));
    const problem = problemOf(await ready(wedge), 'storage-unavailable');
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  test('sends a message every three seconds at most, however many ask', async () => {
    const wedge = await Wedge.service();
    await Promise.all(Array.from({ length: 20 }, () => ready(wedge)));
    await wedge.clock.advance(2_900);
    await ready(wedge);
    expect(wedge.sends).toBe(1);
    await wedge.clock.advance(100);
    await ready(wedge);
    expect(wedge.sends).toBe(2);
  });

  test('stays green when nobody asked for an hour', async () => {
    const wedge = await Wedge.service();
    await ready(wedge);
    await wedge.clock.advance(3_600_000);
    expect(await ready(wedge)).toMatchObject({ status: 200 });
  });

  testOnSqlite('stays green and reports it when the store is full, so that readers can empty it', async () => {
    const wedge = await Wedge.service({ maxStoreBytes: 65_536 });
    const early = [await join(wedge.app, 'room', 'alice'), await join(wedge.app, 'room', 'bob')];
    for (let room = 0, full = false; !full; room += 1) {
      full = (await call(wedge.app, 'joinRoom', { roomId: `room-${room}` })).status === 503;
    }
    expect(await ready(wedge)).toMatchObject({ status: 200, body: { status: 'ready', store: 'full' } });
    // The canary of the service counts as one.
    for (const member of early) await member.leave();
    expect((await ready(wedge)).body).toEqual({ status: 'ready' });
  });

  test('stays green when no further poll may be held', async () => {
    const wedge = await Wedge.service({ maxHeldPolls: 1 });
    const alice = await join(wedge.app, 'room', 'alice');
    const held = alice.call('receiveMessages', { query: { wait: 10 } });
    await listening(wedge);
    expect(await ready(wedge)).toMatchObject({ status: 200 });
    await wedge.clock.advance(10_000);
    expect(await held).toMatchObject({ status: 200 });
  });

  test('is red while the service drains; /healthz is not', async () => {
    const wedge = await Wedge.service();
    await wedge.holdline.close();
    problemOf(await ready(wedge), 'shutting-down');
    expect(await call(wedge.app, 'getHealth', {})).toMatchObject({ status: 200 });
  });

  test('does not delay the close of a service while its message is under way', async () => {
    const wedge = await Wedge.service();
    wedge.commitsHang = true;
    const sent = wedge.nextSend();
    const asked = ready(wedge);
    await sent;
    await wedge.holdline.close();
    expect(await asked).toMatchObject({ status: 503 });
  });

  test('leaves no trace among rooms, participants, polls and messages', async () => {
    const wedge = await Wedge.service();
    await ready(wedge);
    expect(await wedge.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
    expect(await wedge.store.listRooms(undefined, 10)).toEqual([]);
    const { body } = await call(wedge.app, 'getMetrics', {});
    for (const series of ['held_polls', 'rooms', 'participants', 'poll_ends_total{cause="message"}']) {
      expect(body).toContain(`holdline_${series} 0\n`);
    }
    expect(body).not.toMatch(/^holdline_messages_(stored_)?total\{.*\} [1-9]/m);
  });

  test('its room cannot be named by a caller', async () => {
    const wedge = await Wedge.service();
    await ready(wedge);
    const answer = await call(wedge.app, 'joinRoom', { roomId: '~canary' });
    expect(answer.status).toBe(400);
  });
});

async function listening(wedge: Wedge): Promise<void> {
  for (let held = '0'; held === '0';) {
    const { body } = await call(wedge.app, 'getMetrics', {});
    held = /^holdline_held_polls (\d+)$/m.exec(String(body))?.[1] ?? '0';
  }
}
