import { afterEach, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';

afterEach(closeServices);

/** Reads the mailbox from start to end; each poll continues from the cursor of the previous batch. */
async function batchesOf(member: Member, limit: number): Promise<Batch[]> {
  const batches = [await member.poll({ after: member.joined.cursor, limit })];
  for (let last = batches[0]; last?.more === true; batches.push(last)) {
    last = await member.poll({ after: last.cursor, limit });
  }
  return batches;
}

test('500 queued messages are delivered in order, 64 a batch, and `more` is true until the last batch', async () => {
  const { url } = await startService({ rateLimit: 'off' });
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  for (let from = 0; from < numbers.length; from += 25) {
    await alice.sendAll(numbers.slice(from, from + 25).map((payload) => ({ to: 'bob', type: 'custom', payload })));
  }
  const batches = await batchesOf(bob, 64);
  expect(batches.map(({ messages }) => messages.length)).toEqual([64, 64, 64, 64, 64, 64, 64, 52]);
  expect(batches.map(({ more }) => more)).toEqual([true, true, true, true, true, true, true, false]);
  expect(batches.flatMap(({ messages }) => messages.map(({ payload }) => payload))).toEqual(numbers);
  await ledger.settle();
});

test('a message that is larger than a batch is delivered alone', async () => {
  const { url } = await startService({ maxMessageBytes: 400_000 });
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  const large = 'x'.repeat(300_000);
  for (const payload of ['one', 'two', large, 'three']) await alice.send({ to: 'bob', type: 'custom', payload });

  const batches = await batchesOf(bob, 64);
  expect(batches.map(({ messages }) => messages.map(({ payload }) => payload))).toEqual([
    ['one', 'two'],
    [large],
    ['three'],
  ]);
  expect(batches.map(({ more }) => more)).toEqual([true, true, false]);
  await ledger.settle();
});
