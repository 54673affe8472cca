import { describe, expect, test } from '@jest/globals';
import { draft, LOBBY, numbered, type Member, type OpenScene, type Scene } from '../scene.ts';

interface Cast {
  readonly scene: Scene;
  readonly alice: Member;
  readonly bob: Member;
  readonly gone: Member;
}

/** Every way in which an operation is refused here. */
const REFUSED: Record<string, (cast: Cast) => Promise<unknown>> = {
  'a join under a name that is there': ({ scene }) => scene.join('alice'),
  'a join with another’s token': ({ scene, bob }) =>
    scene.join('alice', { proof: { kind: 'token', handle: bob.handle }, resume: true }),
  'a join of a full room': ({ scene }) => scene.join('carol'),
  'a join whose key came with another body': ({ scene }) => scene.join('bob', { key: 'join', body: 'other' }),
  'a send to nobody': ({ scene, alice }) => scene.send(alice, draft('1'), draft('2', { to: 'nobody' })),
  'a batch for a mailbox that becomes full': ({ scene, alice }) => scene.send(alice, ...numbered(4)),
  'a send whose key came with another body': ({ scene, alice }) => scene.sendKeyed(alice, 'send', [], 'other'),
  'a keyed send that is too much': ({ scene, alice }) => scene.sendKeyed(alice, 'new', numbered(9)),
  'a send by one who went': ({ scene, gone }) => scene.send(gone, draft('1')),
  'an acknowledgement ahead of the head': ({ scene, bob }) => scene.acknowledge(bob, Number.MAX_SAFE_INTEGER),
  'an acknowledgement by one who went': ({ scene, gone }) => scene.acknowledge(gone, 0),
};

async function setUp(scene: Scene): Promise<Cast> {
  const gone = await scene.join('gone');
  const alice = await scene.join('alice', { displayName: 'Alice' });
  await scene.leave(gone);
  const bob = await scene.join('bob', { key: 'join' });
  await scene.sendKeyed(alice, 'send', [draft('kept')]);
  return { scene, alice, bob, gone };
}

async function everything({ scene, alice, bob, gone }: Cast): Promise<unknown> {
  return {
    participants: await scene.store.participants(LOBBY),
    mailboxes: [await scene.read(alice), await scene.read(bob)],
    tokens: await Promise.all([alice, bob, gone].map((member) => scene.store.findToken(member.handle))),
  };
}

export function refusals(open: OpenScene): void {
  describe('a refused operation changes nothing', () => {
    test.each(Object.keys(REFUSED))('%s', async (name) => {
      const cast = await setUp(await open({ maxParticipantsPerRoom: 2, maxMailboxMessages: 4 }));
      const before = await everything(cast);
      await expect(REFUSED[name]?.(cast)).rejects.toMatchObject({ name: 'SignallingError' });
      expect(await everything(cast)).toEqual(before);
      await cast.scene.sweep();
      expect(await everything(cast)).toEqual(before);
    });

    test('nor do its neighbours suffer: others that came in the same moment are done', async () => {
      const cast = await setUp(await open({ maxParticipantsPerRoom: 2, maxMailboxMessages: 100 }));
      const { scene, alice, bob } = cast;
      const before = (await scene.read(bob)).messages.length;
      const outcomes = await Promise.allSettled(
        Object.values(REFUSED).flatMap((refusedOne) => [scene.send(alice, draft('1')), refusedOne(cast)]),
      );
      const sends = outcomes.filter((_, index) => index % 2 === 0);
      expect(sends.every(({ status }) => status === 'fulfilled')).toBe(true);
      expect((await scene.read(bob)).messages.length).toBeGreaterThanOrEqual(before + sends.length);
    });
  });
}
