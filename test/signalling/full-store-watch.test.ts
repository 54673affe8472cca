import { expect, test } from '@jest/globals';
import { FullStoreWatch } from '../../src/signalling/full-store-watch.ts';
import type { StoreUsage } from '../../src/signalling/store.ts';
import { storeFull, storeUnavailable } from '../../src/signalling/errors.ts';
import { TestClock } from '../support/clock.ts';

const USAGE: StoreUsage = { rooms: 0, participants: 0, liveBytes: 0, limitBytes: 1, isFull: false, fileBytes: 0 };

function watched() {
  const clock = new TestClock();
  const changes: boolean[] = [];
  const store = { isFull: true, isAvailable: true };
  const usage = (): Promise<StoreUsage> =>
    store.isAvailable
      ? Promise.resolve({ ...USAGE, isFull: store.isFull })
      : Promise.reject(storeUnavailable(undefined));
  const watch = new FullStoreWatch({ usage, clock, onChange: (isFull) => changes.push(isFull) });
  return { clock, changes, store, watch };
}

test('a full store is reported once until it has room again', async () => {
  const { clock, changes, store, watch } = watched();
  for (let refusals = 0; refusals < 3; refusals += 1) watch.noteRefusal(storeFull());
  await clock.advance(60_000);
  expect(changes).toEqual([true]);
  store.isFull = false;
  await clock.advance(10_000);
  expect(changes).toEqual([true, false]);
  watch.noteRefusal(storeFull());
  expect(changes).toEqual([true, false, true]);
});

test('a store that hovers at its bound is one episode', async () => {
  const { clock, changes, store, watch } = watched();
  watch.noteRefusal(storeFull());
  store.isFull = false;
  for (let checks = 0; checks < 5; checks += 1) {
    watch.noteRefusal(storeFull());
    await clock.advance(10_000);
  }
  expect(changes).toEqual([true]);
  await clock.advance(10_000);
  expect(changes).toEqual([true, false]);
});

test('neither other refusals nor an unavailable store count as a full store', async () => {
  const { changes, store, watch } = watched();
  watch.noteRefusal(storeUnavailable(new Error('the disk is broken')));
  watch.noteRefusal(new Error('a bug'));
  expect(changes).toEqual([]);
  store.isAvailable = false;
  expect(await watch.isFull()).toBe(false);
});

test('a stopped watch checks nothing', () => {
  const { clock, changes, watch } = watched();
  watch.noteRefusal(storeFull());
  watch.stop();
  watch.noteRefusal(storeFull());
  expect([clock.timers, changes]).toEqual([0, [true]]);
});
