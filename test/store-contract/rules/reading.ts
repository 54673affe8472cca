import { describe, expect, test } from '@jest/globals';
import { encodeCursor } from '../../../src/signalling/cursor.ts';
import { newMailboxId } from '../../../src/signalling/ids.ts';
import { messageBytes } from '../../../src/signalling/message.ts';
import {
  outgoing,
  numbered,
  expectRefusal,
  resetTo,
  summariesOf,
  type Member,
  type OpenFixture,
  type StoreFixture,
} from '../store-fixture.ts';

/** Reads page by page, as a client does, to the end of the mailbox. */
async function readThrough(fixture: StoreFixture, reader: Member, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  for (let after = reader.acknowledged, more = true; more;) {
    const page = await fixture.read(reader, { after, limit });
    pages.push(summariesOf(page));
    ({ position: after, more } = page);
  }
  return pages;
}

export function reading(open: OpenFixture): void {
  describe('reading', () => {
    test('removes nothing: every cursor that a client may hold returns the same page again', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const start = await fixture.head(bob);
      await fixture.send(alice, ...numbered(3));
      const first = await fixture.read(bob, { limit: 1 });
      const second = await fixture.read(bob, { after: first.position, limit: 1 });
      const third = await fixture.read(bob, { after: second.position, limit: 1 });
      expect([first, second, third].flatMap(summariesOf)).toEqual(['1', '2', '3']);

      expect(summariesOf(await fixture.read(bob, { after: start }))).toEqual(['1', '2', '3']);
      expect(summariesOf(await fixture.read(bob, { after: first.position }))).toEqual(['2', '3']);
      expect(await fixture.read(bob, { after: second.position, limit: 1 })).toEqual(third);
      expect(await fixture.read(bob, { limit: 1 })).toEqual(first);
    });

    test('returns 500 messages in order, page by page, with the right `more`', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      for (let sent = 0; sent < 500; sent += 100) await fixture.send(alice, ...numbered(100));
      const pages = await readThrough(fixture, bob, 64);
      expect(pages.map(({ length }) => length)).toEqual([64, 64, 64, 64, 64, 64, 64, 52]);
      expect(pages.flat()).toEqual(Array.from({ length: 500 }, (_, index) => `${(index % 100) + 1}`));
    });

    test('sets `more` to false when the last message fills the page', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(2));
      expect(await fixture.read(bob, { limit: 1 })).toMatchObject({ more: true });
      expect(await fixture.read(bob, { limit: 2 })).toMatchObject({ more: false });
    });

    test('ends a page before it exceeds its bytes', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(4));
      const bytes = messageBytes(outgoing('1'));
      const page = await fixture.read(bob, { maxBytes: 3 * bytes });
      expect(summariesOf(page)).toEqual(['1', '2', '3']);
      expect(page.more).toBe(true);
      expect(summariesOf(await fixture.read(bob, { maxBytes: 3 * bytes - 1 }))).toEqual(['1', '2']);
      expect(summariesOf(await fixture.read(bob, { after: page.position, maxBytes: bytes }))).toEqual(['4']);
    });

    test('returns a message larger than a page alone', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const large = 'x'.repeat(5_000);
      await fixture.send(alice, outgoing('1'), outgoing(large), outgoing('3'));
      const maxBytes = 2_000;
      const first = await fixture.read(bob, { maxBytes });
      const second = await fixture.read(bob, { after: first.position, maxBytes });
      const third = await fixture.read(bob, { after: second.position, maxBytes });
      expect([first, second, third].map(summariesOf)).toEqual([['1'], [large], ['3']]);
      expect([first, second, third].map(({ more }) => more)).toEqual([true, true, false]);
    });

    test('begins after the acknowledged position without a cursor', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      await fixture.acknowledge(bob, (await fixture.read(bob, { limit: 2 })).position);
      expect(await fixture.inbox(bob)).toEqual(['3']);
    });

    test('accepts the cursor of an empty page', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const atStart = await fixture.read(bob);
      await fixture.send(alice, outgoing('1'));
      const atEnd = await fixture.read(bob, { after: await fixture.head(bob) });
      expect([atStart, atEnd].map(({ messages }) => messages.length)).toEqual([0, 0]);
      await fixture.send(alice, outgoing('2'));
      expect(summariesOf(await fixture.read(bob, { after: atStart.position }))).toEqual(['1', '2']);
      expect(summariesOf(await fixture.read(bob, { after: atEnd.position }))).toEqual(['2']);
    });

    test('is refused to a departed participant, with the reason', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      await fixture.leave(bob, 'removed');
      await expectRefusal(fixture.read(bob), 'participant-gone', { reason: 'removed' });
    });
  });

  describe('a cursor', () => {
    test('of another mailbox is refused as expired', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      const position = await fixture.head(bob);
      for (const mailboxId of [alice.mailbox.mailboxId, newMailboxId()]) {
        const range = { after: { mailboxId, position }, limit: 10, maxBytes: 1_000 };
        await expectRefusal(
          () => fixture.store.read(bob.mailbox, range),
          'cursor-expired',
          resetTo(bob, bob.acknowledged),
        );
      }
    });

    test('before the acknowledged position is refused as expired, and its reset cursor works', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const first = await fixture.read(bob, { limit: 1 });
      const second = await fixture.read(bob, { after: first.position, limit: 1 });
      await fixture.acknowledge(bob, second.position);

      const reset = resetTo(bob, second.position);
      expect(reset.resetCursor).toBe(encodeCursor({ mailboxId: bob.mailbox.mailboxId, position: second.position }));
      await expectRefusal(fixture.read(bob, { after: first.position }), 'cursor-expired', reset);
      await expectRefusal(fixture.read(bob, { after: second.position - 1 }), 'cursor-expired', reset);
      expect(summariesOf(await fixture.read(bob, { after: second.position }))).toEqual(['3']);
    });

    test('ahead of the head is refused as expired', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const reset = resetTo(bob, bob.acknowledged);
      await expectRefusal(fixture.read(bob, { after: (await fixture.head(bob)) + 1 }), 'cursor-expired', reset);
      await fixture.send(alice, outgoing('1'));
      await expectRefusal(fixture.read(bob, { after: (await fixture.head(bob)) + 1 }), 'cursor-expired', reset);
      await fixture.acknowledgeAll(bob);
      const head = await fixture.head(bob);
      await expectRefusal(fixture.read(bob, { after: head + 1 }), 'cursor-expired', resetTo(bob, head));
    });
  });
}
