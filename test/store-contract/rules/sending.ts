import { describe, expect, test } from '@jest/globals';
import type { JsonText } from '../../../src/signalling/ids.ts';
import type { ReceivedMessage } from '../../../src/signalling/message.ts';
import { draft, numbered, refused, type OpenScene } from '../scene.ts';

/** JSON texts that a careless store would rewrite. */
const DELICATE = [
  '{"b" : 1,\n\t"a":2, "b":3}',
  '{"2":"two","1":"one","__proto__":{"x":1},"constructor":null}',
  '"\\u0000 \\ud800 \\u2028 \\/ \u2028 \u00e9 e\u0301 \ud83d\udcde"',
  '[1e400, -0, 0.10, 12345678901234567890, 1E5]',
  'null',
  '"\'; DROP TABLE messages; --"',
];

const asShown = ({ position: _, ...shown }: ReceivedMessage): Omit<ReceivedMessage, 'position'> => shown;

export function sending(open: OpenScene): void {
  describe('sending', () => {
    test('an addressed message reaches that mailbox alone, with all that was said', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(alice, bob);
      const message = draft('hello', { to: 'bob', type: 'offer', callId: 'call-1' });
      const sentAtMs = scene.clock.wallMs();
      const [receipt] = await scene.send(alice, message);
      expect(receipt).toEqual({ id: message.id, sentAtMs, recipients: [{ participantId: 'bob', listening: false }] });

      await scene.clock.advance(1_500);
      expect((await scene.read(bob)).messages.map(asShown)).toEqual([
        {
          id: message.id,
          sender: 'alice',
          recipient: 'bob',
          type: 'offer',
          payload: '"hello"',
          callId: 'call-1',
          sentAtMs,
          ageMs: 1_500,
        },
      ]);
      expect(await scene.inbox(carol)).toEqual([]);
      expect(await scene.inbox(alice)).toEqual([]);
    });

    test('a message to everyone is the same in every copy, and none for its sender', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(alice, bob, carol);
      const message = draft('all');
      const [receipt] = await scene.send(alice, message);
      expect(receipt?.recipients.map(({ participantId }) => participantId)).toEqual(['bob', 'carol']);
      expect(receipt).not.toHaveProperty('skipped');

      const [copy, ...more] = (await scene.read(bob)).messages.map(asShown);
      expect(more).toEqual([]);
      expect(copy).toMatchObject({ id: message.id, sender: 'alice', payload: '"all"' });
      expect(copy?.recipient).toBeUndefined();
      expect((await scene.read(carol)).messages.map(asShown)).toEqual([copy]);
      expect(await scene.inbox(alice)).toEqual([]);
    });

    test('with nobody else in the room it is stored for nobody', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const [receipt] = await scene.send(alice, draft('anyone?'));
      expect(receipt?.recipients).toEqual([]);
      const bob = await scene.join('bob');
      expect(await scene.inbox(bob)).toEqual([]);
    });

    test('a message may have no payload and no call', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const { id, ttlMs } = draft('');
      await scene.send(alice, { id, type: 'ringing', ttlMs });
      const [message] = (await scene.read(bob)).messages;
      expect(message).toMatchObject({ id, type: 'ringing' });
      expect(message?.payload).toBeUndefined();
      expect(message?.callId).toBeUndefined();
    });

    test.each(DELICATE)('the payload arrives as it was, byte for byte: %j', async (payload) => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, { ...draft(''), payload: payload as JsonText });
      expect((await scene.read(bob)).messages[0]?.payload).toBe(payload);
    });

    test('a batch keeps its order, across recipients too', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(bob);
      const receipts = await scene.send(
        alice,
        draft('1'),
        draft('2', { to: 'carol' }),
        draft('3', { to: 'bob' }),
        draft('4'),
      );
      expect(receipts.map(({ recipients }) => recipients.length)).toEqual([2, 1, 1, 2]);
      expect(await scene.inbox(bob)).toEqual(['1', '3', '4']);
      expect(await scene.inbox(carol)).toEqual(['1', '2', '4']);
    });

    test('sends that follow each other keep their order', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      for (const message of numbered(20)) await scene.send(alice, message);
      expect(await scene.inbox(bob)).toEqual(numbered(20).map((_, index) => `${index + 1}`));
    });

    test('all mailboxes agree on the order of what many send to all at once', async () => {
      const scene = await open();
      const [alice, bob, carol, dave] = await scene.joinAll('alice', 'bob', 'carol', 'dave');
      await scene.acknowledgeAll(carol, dave);
      const sends = numbered(10).flatMap((message, index) => [
        scene.send(alice, message),
        scene.send(bob, draft(`bob ${index}`), draft(`bob ${index} too`)),
      ]);
      await Promise.all(sends);

      const seen = await scene.inbox(carol);
      expect(seen).toHaveLength(30);
      expect(await scene.inbox(dave)).toEqual(seen);
      for (let index = 0; index < 10; index += 1)
        expect(seen.indexOf(`bob ${index} too`)).toBe(seen.indexOf(`bob ${index}`) + 1);
    });

    test('to somebody who is not there refuses the whole batch, and names the message', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.join('carol', { room: 'attic' });
      for (const to of ['carol', 'nobody', '__proto__', '']) {
        const batch = [draft('1'), draft('2', { to: 'bob' }), draft('3', { to })];
        await refused(scene.send(alice, ...batch), 'recipient-not-found', { messageIndex: 2 });
      }
      expect(await scene.inbox(bob)).toEqual([]);
    });

    test('goes to those present at the commit', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.leave(bob);
      await refused(scene.send(alice, draft('late', { to: 'bob' })), 'recipient-not-found', { messageIndex: 0 });
      const carol = await scene.join('carol');
      await scene.send(alice, draft('now'));
      expect(await scene.inbox(carol)).toEqual(['now']);
    });

    test('one who went cannot send', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.leave(alice, 'removed');
      await refused(scene.send(alice, draft('late')), 'participant-gone', { reason: 'removed' });
      expect(await scene.inbox(bob)).toEqual(['left alice removed']);
      await scene.leave(bob);
      await refused(scene.send(bob, draft('late')), 'participant-gone', { reason: 'left' });
    });

    test('the sender learns whether the recipient listens', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      scene.store.openPoll(bob.mailbox).hold(25_000);
      const [receipt] = await scene.send(alice, draft('all'));
      expect(receipt?.recipients).toEqual([
        { participantId: 'bob', listening: true },
        { participantId: 'carol', listening: false },
      ]);
      expect(carol.participants.map(({ listening }) => listening)).toEqual([false, false, false]);
    });

    test('times are the wall clock’s, ages are not', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      scene.clock.jumpWall(-3_600_000);
      await scene.send(alice, draft('1'));
      const sentAtMs = scene.clock.wallMs();
      scene.clock.jumpWall(7_200_000);
      await scene.clock.advance(250);
      expect((await scene.read(bob)).messages).toMatchObject([{ sentAtMs, ageMs: 250 }]);
    });
  });
}
