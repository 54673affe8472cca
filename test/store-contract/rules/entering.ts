import { describe, expect, test } from '@jest/globals';
import { refused, type Member, type OpenScene } from '../scene.ts';

export function entering(open: OpenScene): void {
  describe('a token that lets nobody in anew', () => {
    const only = ({ handle }: { handle: Member['handle'] }) => ({
      proof: { kind: 'token', handle, mustBePresent: true } as const,
    });

    test('takes over a participant who is there', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      expect((await scene.join('alice', { ...only(alice), resume: true })).resumed).toBe(true);
    });

    test.each(['left', 'removed', 'timeout'] as const)(
      'is refused for one who is gone (%s), even at the last moment',
      async (reason) => {
        const scene = await open();
        const [alice, bob] = await scene.joinAll('alice', 'bob');
        const gone = scene.leave(alice, reason);
        await refused(scene.join('alice', { ...only(alice), resume: true }), 'participant-gone', { reason });
        await gone;
        expect(await scene.roster()).toEqual(['bob']);
        expect((await scene.inbox(bob)).at(-1)).toBe(`left alice ${reason}`);
      },
    );

    test('is refused for another one of that name', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.leave(alice);
      await scene.join('alice');
      await refused(scene.join('alice', only(alice)), 'participant-exists');
    });
  });
}
