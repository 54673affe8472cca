import { describe, expect, test } from '@jest/globals';
import { mintToken } from '../../../src/signalling/tokens.ts';
import { refused, type OpenScene } from '../scene.ts';

export function tokens(open: OpenScene): void {
  describe('tokens', () => {
    test('one that was never minted is unknown', async () => {
      const scene = await open();
      expect(await scene.store.findToken(mintToken().handle)).toBeUndefined();
      await scene.store.claimToken(mintToken().handle);
    });

    test('one is fresh until its first use, and names its participant and mailbox', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const { digest, mailbox } = alice;
      expect(await scene.store.findToken(alice.handle)).toMatchObject({ digest, ...mailbox, state: 'fresh' });
      await scene.store.claimToken(alice.handle);
      await scene.store.claimToken(alice.handle);
      expect(await scene.store.findToken(alice.handle)).toMatchObject({ digest, ...mailbox, state: 'used' });
    });

    describe.each([{ resume: false }, { resume: true }])('after a takeover with %j', ({ resume }) => {
      test('the old one proves who it is, and nothing else, until the new one is used', async () => {
        const scene = await open();
        const alice = await scene.join('alice');
        await scene.store.claimToken(alice.handle);
        const again = await scene.rejoin(alice, { resume });

        const { digest } = alice;
        const { roomId, participantId } = alice.mailbox;
        expect(await scene.store.findToken(alice.handle)).toEqual({ digest, roomId, participantId, state: 'replaced' });
        expect(await scene.tokenState(again)).toBe('fresh');
        await scene.store.claimToken(again.handle);
        expect(await scene.tokenState(alice)).toBe('unknown');
        expect(await scene.tokenState(again)).toBe('used');
        await refused(scene.rejoin(alice, { resume }), 'participant-exists');
      });

      test('a lost reply locks nobody out: the old one takes over once more', async () => {
        const scene = await open();
        const alice = await scene.join('alice');
        const lost = await scene.rejoin(alice, { resume });
        const again = await scene.rejoin(alice, { resume });
        expect(await scene.tokenState(lost)).toBe('replaced');
        await scene.store.claimToken(lost.handle);
        expect(await scene.tokenState(lost)).toBe('replaced');
        await scene.store.claimToken(again.handle);
        expect(await Promise.all([alice, lost, again].map((one) => scene.tokenState(one)))).toEqual([
          'unknown',
          'unknown',
          'used',
        ]);
      });

      test('after many lost replies, the one last used and the newest 8 of the others are valid', async () => {
        const scene = await open();
        const alice = await scene.join('alice');
        await scene.store.claimToken(alice.handle);
        const lost = [];
        for (let takeovers = 0; takeovers < 12; takeovers += 1) lost.push(await scene.rejoin(alice, { resume }));
        const states = await Promise.all([alice, ...lost].map((one) => scene.tokenState(one)));
        const expected = [
          'replaced',
          ...Array<string>(3).fill('unknown'),
          ...Array<string>(8).fill('replaced'),
          'fresh',
        ];
        expect(states).toEqual(expected);
      });

      test('of two takeovers at once with one token, the later one has the mailbox', async () => {
        const scene = await open();
        const alice = await scene.join('alice');
        const both = await Promise.all([scene.rejoin(alice, { resume }), scene.rejoin(alice, { resume })]);
        const states = await Promise.all(both.map((one) => scene.tokenState(one)));
        expect(states.sort()).toEqual(['fresh', 'replaced']);
        expect(await scene.roster()).toEqual(['alice']);
      });
    });

    test('when its participant goes, one tells for 600 s how', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.store.claimToken(alice.handle);
      await scene.leave(alice);
      await scene.leave(bob, 'removed');
      const { roomId, participantId } = alice.mailbox;
      const gone = { digest: alice.digest, roomId, participantId, state: 'gone', reason: 'left' };
      expect(await scene.store.findToken(alice.handle)).toEqual(gone);
      expect(await scene.tokenState(bob)).toBe('gone removed');
      await scene.pass(599_999);
      expect(await scene.tokenState(alice)).toBe('gone left');
    });

    test('after 600 s it is forgotten, swept or not', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.leave(alice);
      await scene.clock.advance(600_000);
      expect(await scene.tokenState(alice)).toBe('unknown');
      await scene.sweep();
      expect(await scene.tokenState(alice)).toBe('unknown');
    });

    test('a gone one proves nothing, and using it revives nobody', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.leave(alice);
      await scene.store.claimToken(alice.handle);
      const next = await scene.join('alice');
      await refused(scene.rejoin(alice), 'participant-exists');
      expect(await scene.tokenState(alice)).toBe('gone left');
      expect(await scene.tokenState(next)).toBe('fresh');
    });

    test('a replaced one is no way in once its participant has gone', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const again = await scene.rejoin(alice);
      await scene.leave(again);
      await scene.join('alice');
      await refused(scene.rejoin(alice), 'participant-exists');
      expect(await scene.tokenState(again)).toBe('gone left');
    });

    test('a token that is used by many requests at once is claimed once', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const again = await scene.rejoin(alice);
      await Promise.all([1, 2, 3].map(() => scene.store.claimToken(again.handle)));
      expect(await scene.tokenState(again)).toBe('used');
      expect(await scene.tokenState(alice)).toBe('unknown');
    });
  });
}
