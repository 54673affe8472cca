import { describe, expect, test } from '@jest/globals';
import { mintToken } from '../../../src/signalling/tokens.ts';
import { expectRefusal, type OpenFixture } from '../store-fixture.ts';

export function tokens(open: OpenFixture): void {
  describe('tokens', () => {
    test('a token that was never minted is unknown', async () => {
      const fixture = await open();
      expect(await fixture.store.findToken(mintToken().handle)).toBeUndefined();
      await fixture.store.claimToken(mintToken().handle);
    });

    test('a token is fresh until its first use, and names its participant and mailbox', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const { digest, mailbox } = alice;
      expect(await fixture.store.findToken(alice.handle)).toMatchObject({ digest, ...mailbox, state: 'fresh' });
      await fixture.store.claimToken(alice.handle);
      await fixture.store.claimToken(alice.handle);
      expect(await fixture.store.findToken(alice.handle)).toMatchObject({ digest, ...mailbox, state: 'used' });
    });

    describe.each([{ resume: false }, { resume: true }])('after a takeover with %j', ({ resume }) => {
      test('the old token only proves identity until the new one is used', async () => {
        const fixture = await open();
        const alice = await fixture.join('alice');
        await fixture.store.claimToken(alice.handle);
        const again = await fixture.rejoin(alice, { resume });

        const { digest } = alice;
        const { roomId, participantId } = alice.mailbox;
        expect(await fixture.store.findToken(alice.handle)).toEqual({
          digest,
          roomId,
          participantId,
          state: 'replaced',
        });
        expect(await fixture.tokenState(again)).toBe('fresh');
        await fixture.store.claimToken(again.handle);
        expect(await fixture.tokenState(alice)).toBe('unknown');
        expect(await fixture.tokenState(again)).toBe('used');
        await expectRefusal(fixture.rejoin(alice, { resume }), 'participant-exists');
      });

      test('the old token can take over once more when the reply was lost', async () => {
        const fixture = await open();
        const alice = await fixture.join('alice');
        const lost = await fixture.rejoin(alice, { resume });
        const again = await fixture.rejoin(alice, { resume });
        expect(await fixture.tokenState(lost)).toBe('replaced');
        await fixture.store.claimToken(lost.handle);
        expect(await fixture.tokenState(lost)).toBe('replaced');
        await fixture.store.claimToken(again.handle);
        expect(await Promise.all([alice, lost, again].map((one) => fixture.tokenState(one)))).toEqual([
          'unknown',
          'unknown',
          'used',
        ]);
      });

      test('the token used last and the newest 8 others are valid after many lost replies', async () => {
        const fixture = await open();
        const alice = await fixture.join('alice');
        await fixture.store.claimToken(alice.handle);
        const lost = [];
        for (let takeovers = 0; takeovers < 12; takeovers += 1) lost.push(await fixture.rejoin(alice, { resume }));
        const states = await Promise.all([alice, ...lost].map((one) => fixture.tokenState(one)));
        const expected = [
          'replaced',
          ...Array<string>(3).fill('unknown'),
          ...Array<string>(8).fill('replaced'),
          'fresh',
        ];
        expect(states).toEqual(expected);
      });

      test('the later of two concurrent takeovers with one token gets the mailbox', async () => {
        const fixture = await open();
        const alice = await fixture.join('alice');
        const both = await Promise.all([fixture.rejoin(alice, { resume }), fixture.rejoin(alice, { resume })]);
        const states = await Promise.all(both.map((one) => fixture.tokenState(one)));
        expect(states.sort()).toEqual(['fresh', 'replaced']);
        expect(await fixture.roster()).toEqual(['alice']);
      });
    });

    test('a token reports for 600 s how its participant went', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.store.claimToken(alice.handle);
      await fixture.leave(alice);
      await fixture.leave(bob, 'removed');
      const { roomId, participantId } = alice.mailbox;
      const gone = { digest: alice.digest, roomId, participantId, state: 'gone', reason: 'left' };
      expect(await fixture.store.findToken(alice.handle)).toEqual(gone);
      expect(await fixture.tokenState(bob)).toBe('gone removed');
      await fixture.passTime(599_999);
      expect(await fixture.tokenState(alice)).toBe('gone left');
    });

    test('a token of a departed participant is unknown after 600 s, swept or not', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.leave(alice);
      await fixture.clock.advance(600_000);
      expect(await fixture.tokenState(alice)).toBe('unknown');
      await fixture.sweep();
      expect(await fixture.tokenState(alice)).toBe('unknown');
    });

    test('a gone token proves nothing, and its use revives no participant', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.leave(alice);
      await fixture.store.claimToken(alice.handle);
      const next = await fixture.join('alice');
      await expectRefusal(fixture.rejoin(alice), 'participant-exists');
      expect(await fixture.tokenState(alice)).toBe('gone left');
      expect(await fixture.tokenState(next)).toBe('fresh');
    });

    test('a replaced token proves nothing once its participant is gone', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const again = await fixture.rejoin(alice);
      await fixture.leave(again);
      await fixture.join('alice');
      await expectRefusal(fixture.rejoin(alice), 'participant-exists');
      expect(await fixture.tokenState(again)).toBe('gone left');
    });

    test('a token that many concurrent requests use is claimed once', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const again = await fixture.rejoin(alice);
      await Promise.all([1, 2, 3].map(async () => fixture.store.claimToken(again.handle)));
      expect(await fixture.tokenState(again)).toBe('used');
      expect(await fixture.tokenState(alice)).toBe('unknown');
    });
  });
}
