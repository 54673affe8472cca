import { describe, expect, test } from '@jest/globals';
import { numbered, draft, type Member, type OpenScene, type Scene } from '../scene.ts';

/** Of each message that is there, one by one. */
async function positionsOf(scene: Scene, reader: Member): Promise<number[]> {
  const positions: number[] = [];
  for (let more = true; more;) {
    const after = positions.at(-1);
    const page = await scene.read(reader, { limit: 1, ...(after !== undefined && { after }) });
    if (page.position !== after) positions.push(page.position);
    ({ more } = page);
  }
  return positions;
}

const strictlyGrow = (positions: readonly number[]): boolean =>
  positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? Infinity));

export function positions(open: OpenScene): void {
  describe('positions', () => {
    test('grow strictly within a batch, within a millisecond, and across kinds', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(20));
      await Promise.all(numbered(20).map((message) => scene.send(alice, message)));
      await scene.join('carol');
      await scene.send(alice, draft('last'));
      const grown = await positionsOf(scene, bob);
      expect(grown).toHaveLength(42);
      expect(strictlyGrow(grown)).toBe(true);
      expect(grown.every(Number.isSafeInteger)).toBe(true);
    });

    test('contain time: a later message is ahead of all that a busy moment could have used up', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      await scene.clock.advance(1_000);
      await scene.send(alice, draft('2'));
      const [first = 0, second = 0] = await positionsOf(scene, bob);
      expect(second - first).toBe(1_000_000);
    });

    test('do not go back when the wall clock does', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      scene.clock.jumpWall(-3_600_000);
      await scene.send(alice, draft('2'));
      scene.clock.jumpWall(7_200_000);
      await scene.send(alice, draft('3'));
      expect(strictlyGrow(await positionsOf(scene, bob))).toBe(true);
    });

    test('are not used again when all before them was acknowledged', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const head = await scene.head(bob);
      await scene.acknowledge(bob, head);
      await scene.send(alice, draft('next'));
      expect(await scene.head(bob)).toBeGreaterThan(head);
    });
  });
}
