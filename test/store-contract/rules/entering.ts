import { describe, expect, test } from '@jest/globals';
import { expectRefusal, type Member, type OpenFixture } from '../store-fixture.ts';

export function entering(open: OpenFixture): void {
  describe('a join whose token must belong to a present participant', () => {
    const only = ({ handle }: { handle: Member['handle'] }) => ({
      proof: { kind: 'token', handle, mustBePresent: true } as const,
    });

    test('takes over a present participant', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      expect((await fixture.join('alice', { ...only(alice), resume: true })).resumed).toBe(true);
    });

    test.each(['left', 'removed', 'timeout'] as const)(
      'is refused when the participant is gone (%s), even at the last moment',
      async (reason) => {
        const fixture = await open();
        const [alice, bob] = await fixture.joinAll('alice', 'bob');
        const gone = fixture.leave(alice, reason);
        await expectRefusal(fixture.join('alice', { ...only(alice), resume: true }), 'participant-gone', { reason });
        await gone;
        expect(await fixture.roster()).toEqual(['bob']);
        expect((await fixture.inbox(bob)).at(-1)).toBe(`left alice ${reason}`);
      },
    );

    test('is refused for another participant of that name', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.leave(alice);
      await fixture.join('alice');
      await expectRefusal(fixture.join('alice', only(alice)), 'participant-exists');
    });
  });
}
