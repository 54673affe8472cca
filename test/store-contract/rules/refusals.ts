import { describe, expect, test } from '@jest/globals';
import { outgoing, LOBBY, numbered, type Member, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

interface Cast {
  readonly fixture: StoreFixture;
  readonly alice: Member;
  readonly bob: Member;
  readonly gone: Member;
}

/** Every way in which an operation is refused here. */
const REFUSED: Record<string, (cast: Cast) => Promise<unknown>> = {
  'a join under a name that is there': ({ fixture }) => fixture.join('alice'),
  'a join with another’s token': ({ fixture, bob }) =>
    fixture.join('alice', { proof: { kind: 'token', handle: bob.handle }, resume: true }),
  'a join of a full room': ({ fixture }) => fixture.join('carol'),
  'a join whose key came with another body': ({ fixture }) => fixture.join('bob', { key: 'join', body: 'other' }),
  'a send to nobody': ({ fixture, alice }) => fixture.send(alice, outgoing('1'), outgoing('2', { to: 'nobody' })),
  'a batch for a mailbox that becomes full': ({ fixture, alice }) => fixture.send(alice, ...numbered(4)),
  'a send whose key came with another body': ({ fixture, alice }) => fixture.sendKeyed(alice, 'send', [], 'other'),
  'a keyed send that is too much': ({ fixture, alice }) => fixture.sendKeyed(alice, 'new', numbered(9)),
  'a send by one who went': ({ fixture, gone }) => fixture.send(gone, outgoing('1')),
  'an acknowledgement ahead of the head': ({ fixture, bob }) => fixture.acknowledge(bob, Number.MAX_SAFE_INTEGER),
  'an acknowledgement by one who went': ({ fixture, gone }) => fixture.acknowledge(gone, 0),
};

async function setUp(fixture: StoreFixture): Promise<Cast> {
  const gone = await fixture.join('gone');
  const alice = await fixture.join('alice', { displayName: 'Alice' });
  await fixture.leave(gone);
  const bob = await fixture.join('bob', { key: 'join' });
  await fixture.sendKeyed(alice, 'send', [outgoing('kept')]);
  return { fixture, alice, bob, gone };
}

async function everything({ fixture, alice, bob, gone }: Cast): Promise<unknown> {
  return {
    participants: await fixture.store.participants(LOBBY),
    mailboxes: [await fixture.read(alice), await fixture.read(bob)],
    tokens: await Promise.all([alice, bob, gone].map(async (member) => fixture.store.findToken(member.handle))),
  };
}

export function refusals(open: OpenFixture): void {
  describe('a refused operation changes nothing', () => {
    test.each(Object.keys(REFUSED))('%s', async (name) => {
      const cast = await setUp(await open({ maxParticipantsPerRoom: 2, maxMailboxMessages: 4 }));
      const before = await everything(cast);
      await expect(REFUSED[name]?.(cast)).rejects.toMatchObject({ name: 'SignallingError' });
      expect(await everything(cast)).toEqual(before);
      await cast.fixture.sweep();
      expect(await everything(cast)).toEqual(before);
    });

    test('and does not affect operations that arrived at the same moment', async () => {
      const cast = await setUp(await open({ maxParticipantsPerRoom: 2, maxMailboxMessages: 100 }));
      const { fixture, alice, bob } = cast;
      const before = (await fixture.read(bob)).messages.length;
      const outcomes = await Promise.allSettled(
        Object.values(REFUSED).flatMap((refusedOne) => [fixture.send(alice, outgoing('1')), refusedOne(cast)]),
      );
      const sends = outcomes.filter((_, index) => index % 2 === 0);
      expect(sends.every(({ status }) => status === 'fulfilled')).toBe(true);
      expect((await fixture.read(bob)).messages.length).toBeGreaterThanOrEqual(before + sends.length);
    });
  });
}
