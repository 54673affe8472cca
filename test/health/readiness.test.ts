import { afterEach, describe, expect, test } from '@jest/globals';
import { call, problemOf } from '../support/http.ts';
import { join } from '../support/member.ts';
import { testOnSqlite } from '../support/store-of-run.ts';
import { closeAll, FaultyService } from './faulty-service.ts';

afterEach(closeAll);

const ready = (service: FaultyService) => call(service.app, 'getReadiness', {});

/** Requests readiness, and advances the clock by 2 s, the time limit of the canary. */
async function readyAfterTimeLimit(service: FaultyService) {
  const sent = service.nextSend();
  const asked = ready(service);
  await sent;
  await service.clock.advance(2_000);
  return asked;
}

describe('/readyz', () => {
  test('is green when the canary message was stored, delivered to a held poll and acknowledged', async () => {
    const service = await FaultyService.start();
    expect(await ready(service)).toMatchObject({ status: 200, body: { status: 'ready' } });
    expect(service.sends).toBe(1);
  });

  test.each(['hintsAreLost', 'commitsHang'] as const)(
    'is red within 10 s when %s, and green again without a restart',
    async (fault) => {
      const service = await FaultyService.start();
      expect(await ready(service)).toMatchObject({ status: 200 });
      service[fault] = true;
      await service.clock.advance(3_000);
      const red = problemOf(await readyAfterTimeLimit(service), 'storage-unavailable');
      expect(red).toMatchObject({ retryable: true, detail: expect.stringContaining('within 2 s') });
      service[fault] = false;
      expect(await ready(service)).toMatchObject({ status: 503 });
      await service.clock.advance(3_000);
      expect(await ready(service)).toMatchObject({ status: 200 });
    },
  );

  test('is red at once when the store fails, and reveals nothing of the error', async () => {
    const service = await FaultyService.start();
    service.store.append = () => Promise.reject(new Error('a secret of the disk'));
    const problem = problemOf(await ready(service), 'storage-unavailable');
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  test('sends at most one canary message every three seconds, however many requests arrive', async () => {
    const service = await FaultyService.start();
    await Promise.all(Array.from({ length: 20 }, () => ready(service)));
    await service.clock.advance(2_900);
    await ready(service);
    expect(service.sends).toBe(1);
    await service.clock.advance(100);
    await ready(service);
    expect(service.sends).toBe(2);
  });

  test('stays green after an hour without requests', async () => {
    const service = await FaultyService.start();
    await ready(service);
    await service.clock.advance(3_600_000);
    expect(await ready(service)).toMatchObject({ status: 200 });
  });

  testOnSqlite('stays green and reports it when the store is full, so that readers can empty it', async () => {
    const service = await FaultyService.start({ maxStoreBytes: 65_536 });
    const early = [await join(service.app, 'room', 'alice'), await join(service.app, 'room', 'bob')];
    for (let room = 0, full = false; !full; room += 1) {
      full = (await call(service.app, 'joinRoom', { roomId: `room-${room}` })).status === 503;
    }
    expect(await ready(service)).toMatchObject({ status: 200, body: { status: 'ready', store: 'full' } });
    // The canary is a participant of the store, too.
    for (const member of early) await member.leave();
    expect((await ready(service)).body).toEqual({ status: 'ready' });
  });

  test('stays green at the limit of held polls', async () => {
    const service = await FaultyService.start({ maxHeldPolls: 1 });
    const alice = await join(service.app, 'room', 'alice');
    const held = alice.call('receiveMessages', { query: { wait: 10 } });
    await listening(service);
    expect(await ready(service)).toMatchObject({ status: 200 });
    await service.clock.advance(10_000);
    expect(await held).toMatchObject({ status: 200 });
  });

  test('is red while the service drains, and /healthz is green', async () => {
    const service = await FaultyService.start();
    await service.holdline.close();
    problemOf(await ready(service), 'shutting-down');
    expect(await call(service.app, 'getHealth', {})).toMatchObject({ status: 200 });
  });

  test('does not delay the close of the service while a canary message is being stored', async () => {
    const service = await FaultyService.start();
    service.commitsHang = true;
    const sent = service.nextSend();
    const asked = ready(service);
    await sent;
    await service.holdline.close();
    expect(await asked).toMatchObject({ status: 503 });
  });

  test('is not counted in rooms, participants, polls and messages', async () => {
    const service = await FaultyService.start();
    await ready(service);
    expect(await service.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
    expect(await service.store.listRooms(undefined, 10)).toEqual([]);
    const { body } = await call(service.app, 'getMetrics', {});
    for (const series of ['held_polls', 'rooms', 'participants', 'poll_ends_total{cause="message"}']) {
      expect(body).toContain(`holdline_${series} 0\n`);
    }
    expect(body).not.toMatch(/^holdline_messages_(stored_)?total\{.*\} [1-9]/m);
  });

  test('refuses joins to the room of the canary', async () => {
    const service = await FaultyService.start();
    await ready(service);
    const answer = await call(service.app, 'joinRoom', { roomId: '~canary' });
    expect(answer.status).toBe(400);
  });
});

async function listening(service: FaultyService): Promise<void> {
  for (let held = '0'; held === '0';) {
    const { body } = await call(service.app, 'getMetrics', {});
    held = /^holdline_held_polls (\d+)$/m.exec(String(body))?.[1] ?? '0';
  }
}
