import { describe, expect, test } from '@jest/globals';
import { numbered, outgoing, type Member, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

/** Reads the messages one by one and returns the position of each. */
async function positionsOf(fixture: StoreFixture, reader: Member): Promise<number[]> {
  const positions: number[] = [];
  for (let more = true; more;) {
    const after = positions.at(-1);
    const page = await fixture.read(reader, { limit: 1, ...(after !== undefined && { after }) });
    if (page.position !== after) positions.push(page.position);
    ({ more } = page);
  }
  return positions;
}

const strictlyGrow = (positions: readonly number[]): boolean =>
  positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? Infinity));

export function positions(open: OpenFixture): void {
  describe('positions', () => {
    test('grow strictly within a batch, within a millisecond, and across kinds', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(20));
      await Promise.all(numbered(20).map((message) => fixture.send(alice, message)));
      await fixture.join('carol');
      await fixture.send(alice, outgoing('last'));
      const grown = await positionsOf(fixture, bob);
      expect(grown).toHaveLength(42);
      expect(strictlyGrow(grown)).toBe(true);
      expect(grown.every(Number.isSafeInteger)).toBe(true);
    });

    test('contain time: a later message is ahead of all that a busy moment could have issued', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      await fixture.clock.advance(1_000);
      await fixture.send(alice, outgoing('2'));
      const [first = 0, second = 0] = await positionsOf(fixture, bob);
      expect(second - first).toBe(1_000_000);
    });

    test('do not go back when the wall clock does', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      fixture.clock.jumpWall(-3_600_000);
      await fixture.send(alice, outgoing('2'));
      fixture.clock.jumpWall(7_200_000);
      await fixture.send(alice, outgoing('3'));
      expect(strictlyGrow(await positionsOf(fixture, bob))).toBe(true);
    });

    test('are not issued again when everything before them was acknowledged', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const head = await fixture.head(bob);
      await fixture.acknowledge(bob, head);
      await fixture.send(alice, outgoing('next'));
      expect(await fixture.head(bob)).toBeGreaterThan(head);
    });
  });
}
