import { afterEach, expect, test } from '@jest/globals';
import { defaultSettings } from '../../src/settings/settings.ts';
import { createLog } from '../../src/log.ts';
import { createHoldline } from '../../src/service.ts';
import type { Store } from '../../src/signalling/store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { newStore, settling } from '../support/store-of-run.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import { nextPolls } from '../support/next-polls.ts';

afterEach(cleanUp);
afterEach(closeServices);

test('a message committed between the read and the hold of a poll is delivered at once', async () => {
  const { service, url } = await startService({}, { clock: new TestClock() });
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  const read = service.store.read.bind(service.store);
  let sending: ReturnType<typeof alice.send> | undefined;
  service.store.read = async (mailbox, range) => {
    const page = await read(mailbox, range);
    await (sending ??= alice.send({ to: 'bob', type: 'custom', payload: 'just after the read' }));
    return page;
  };
  const batch = await bob.poll({ after: bob.joined.cursor, wait: 20 });
  expect(batch.messages).toMatchObject([{ id: (await sending)?.id, ageMs: 0 }]);
  await ledger.settle();
});

test('a message whose wake-up is lost is delivered at the end of the window at the latest', async () => {
  const clock = new TestClock();
  const { url, held, ended } = await startWithLostHints(clock);
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  const poll = bob.poll({ after: bob.joined.cursor, wait: 20 });
  await held;
  const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'unheard' });
  await clock.advance(20_000);
  await ended;
  const { messages } = await poll;
  expect(messages).toMatchObject([{ id }]);
  // The window is up to 10 % shorter than requested, never longer.
  expect(messages[0]?.ageMs).toBeGreaterThanOrEqual(18_000);
  expect(messages[0]?.ageMs).toBeLessThanOrEqual(20_000);
  await ledger.settle();
});

/** A service whose store loses every `messages` hint. `held` and `ended` resolve with its first held poll. */
async function startWithLostHints(clock: TestClock) {
  const settings = defaultSettings({ store: newStore(), host: '127.0.0.1', port: 0 });
  let held = Promise.resolve();
  let ended = Promise.resolve();
  const wrapStore = (opened: Store): Store => {
    const store = settling(opened);
    held = nextPolls(store, 'held', 1);
    ended = nextPolls(store, 'ended', 1);
    return loseMessageHints(store);
  };
  const holdline = await createHoldline(settings, { clock, wrapStore, log: createLog('silent') });
  onCleanUp(() => holdline.close());
  const { port } = await holdline.start();
  return { url: `http://127.0.0.1:${port}`, held, ended };
}

function loseMessageHints(store: Store): Store {
  const watch = store.watch.bind(store);
  store.watch = (watcher) => watch((hint) => hint.kind === 'messages' || watcher(hint));
  return store;
}
