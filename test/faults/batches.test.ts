import { afterEach, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';

afterEach(closeServices);

/** From the start of the mailbox to its end, each batch behind the cursor of the one before. */
async function batchesOf(member: Member, limit: number): Promise<Batch[]> {
  const batches = [await member.poll({ after: member.joined.cursor, limit })];
  for (let last = batches[0]; last?.more === true; batches.push(last)) {
    last = await member.poll({ after: last.cursor, limit });
  }
  return batches;
}

test('fault 11: 500 queued messages come in order, 64 at a time, and `more` says when to ask on', async () => {
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

test('fault 12: one message larger than a batch is sent alone', async () => {
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
