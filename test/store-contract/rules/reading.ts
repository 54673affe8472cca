import { describe, expect, test } from '@jest/globals';
import { encodeCursor } from '../../../src/signalling/cursor.ts';
import { newMailboxId } from '../../../src/signalling/ids.ts';
import { messageBytes } from '../../../src/signalling/message.ts';
import { draft, numbered, refused, resetTo, wordsOf, type Member, type OpenScene, type Scene } from '../scene.ts';

/** Reads on from page to page, as a client does, until there is no more. */
async function readThrough(scene: Scene, reader: Member, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  for (let after = reader.acknowledged, more = true; more;) {
    const page = await scene.read(reader, { after, limit });
    pages.push(wordsOf(page));
    ({ position: after, more } = page);
  }
  return pages;
}

export function reading(open: OpenScene): void {
  describe('reading', () => {
    test('removes nothing: the same page comes again, from every cursor a client may still hold', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const start = await scene.head(bob);
      await scene.send(alice, ...numbered(3));
      const first = await scene.read(bob, { limit: 1 });
      const second = await scene.read(bob, { after: first.position, limit: 1 });
      const third = await scene.read(bob, { after: second.position, limit: 1 });
      expect([first, second, third].flatMap(wordsOf)).toEqual(['1', '2', '3']);

      expect(wordsOf(await scene.read(bob, { after: start }))).toEqual(['1', '2', '3']);
      expect(wordsOf(await scene.read(bob, { after: first.position }))).toEqual(['2', '3']);
      expect(await scene.read(bob, { after: second.position, limit: 1 })).toEqual(third);
      expect(await scene.read(bob, { limit: 1 })).toEqual(first);
    });

    test('five hundred messages come in order, page by page, with the right `more`', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      for (let sent = 0; sent < 500; sent += 100) await scene.send(alice, ...numbered(100));
      const pages = await readThrough(scene, bob, 64);
      expect(pages.map(({ length }) => length)).toEqual([64, 64, 64, 64, 64, 64, 64, 52]);
      expect(pages.flat()).toEqual(Array.from({ length: 500 }, (_, index) => `${(index % 100) + 1}`));
    });

    test('`more` is false when the last one fills the page', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(2));
      expect(await scene.read(bob, { limit: 1 })).toMatchObject({ more: true });
      expect(await scene.read(bob, { limit: 2 })).toMatchObject({ more: false });
    });

    test('a page ends before it outgrows its bytes', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(4));
      const bytes = messageBytes(draft('1'));
      const page = await scene.read(bob, { maxBytes: 3 * bytes });
      expect(wordsOf(page)).toEqual(['1', '2', '3']);
      expect(page.more).toBe(true);
      expect(wordsOf(await scene.read(bob, { maxBytes: 3 * bytes - 1 }))).toEqual(['1', '2']);
      expect(wordsOf(await scene.read(bob, { after: page.position, maxBytes: bytes }))).toEqual(['4']);
    });

    test('a message larger than a page comes alone', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const large = 'x'.repeat(5_000);
      await scene.send(alice, draft('1'), draft(large), draft('3'));
      const maxBytes = 2_000;
      const first = await scene.read(bob, { maxBytes });
      const second = await scene.read(bob, { after: first.position, maxBytes });
      const third = await scene.read(bob, { after: second.position, maxBytes });
      expect([first, second, third].map(wordsOf)).toEqual([['1'], [large], ['3']]);
      expect([first, second, third].map(({ more }) => more)).toEqual([true, true, false]);
    });

    test('without a cursor it begins behind what was acknowledged', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      await scene.acknowledge(bob, (await scene.read(bob, { limit: 2 })).position);
      expect(await scene.inbox(bob)).toEqual(['3']);
    });

    test('the cursor of an empty page is as good as any', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const atStart = await scene.read(bob);
      await scene.send(alice, draft('1'));
      const atEnd = await scene.read(bob, { after: await scene.head(bob) });
      expect([atStart, atEnd].map(({ messages }) => messages.length)).toEqual([0, 0]);
      await scene.send(alice, draft('2'));
      expect(wordsOf(await scene.read(bob, { after: atStart.position }))).toEqual(['1', '2']);
      expect(wordsOf(await scene.read(bob, { after: atEnd.position }))).toEqual(['2']);
    });

    test('one who went has nothing to read, and learns how it went', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      await scene.leave(bob, 'removed');
      await refused(scene.read(bob), 'participant-gone', { reason: 'removed' });
    });
  });

  describe('a cursor', () => {
    test('of another mailbox has expired', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      const position = await scene.head(bob);
      for (const mailboxId of [alice.mailbox.mailboxId, newMailboxId()]) {
        const range = { after: { mailboxId, position }, limit: 10, maxBytes: 1_000 };
        await refused(scene.store.read(bob.mailbox, range), 'cursor-expired', resetTo(bob, bob.acknowledged));
      }
    });

    test('behind what was acknowledged has expired, and the reset leads on', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const first = await scene.read(bob, { limit: 1 });
      const second = await scene.read(bob, { after: first.position, limit: 1 });
      await scene.acknowledge(bob, second.position);

      const reset = resetTo(bob, second.position);
      expect(reset.resetCursor).toBe(encodeCursor({ mailboxId: bob.mailbox.mailboxId, position: second.position }));
      await refused(scene.read(bob, { after: first.position }), 'cursor-expired', reset);
      await refused(scene.read(bob, { after: second.position - 1 }), 'cursor-expired', reset);
      expect(wordsOf(await scene.read(bob, { after: second.position }))).toEqual(['3']);
    });

    test('ahead of the head has expired', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const reset = resetTo(bob, bob.acknowledged);
      await refused(scene.read(bob, { after: (await scene.head(bob)) + 1 }), 'cursor-expired', reset);
      await scene.send(alice, draft('1'));
      await refused(scene.read(bob, { after: (await scene.head(bob)) + 1 }), 'cursor-expired', reset);
      await scene.acknowledgeAll(bob);
      const head = await scene.head(bob);
      await refused(scene.read(bob, { after: head + 1 }), 'cursor-expired', resetTo(bob, head));
    });
  });
}
