import { describe, expect, test } from '@jest/globals';
import type { JsonText } from '../../../src/signalling/ids.ts';
import type { ReceivedMessage } from '../../../src/signalling/message.ts';
import { outgoing, numbered, expectRefusal, type OpenFixture } from '../store-fixture.ts';

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

export function sending(open: OpenFixture): void {
  describe('sending', () => {
    test('an addressed message reaches that mailbox alone, with all its fields', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(alice, bob);
      const message = outgoing('hello', { to: 'bob', type: 'offer', callId: 'call-1' });
      const sentAtMs = fixture.clock.wallMs();
      const [receipt] = await fixture.send(alice, message);
      expect(receipt).toEqual({ id: message.id, sentAtMs, recipients: [{ participantId: 'bob', listening: false }] });

      await fixture.clock.advance(1_500);
      expect((await fixture.read(bob)).messages.map(asShown)).toEqual([
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
      expect(await fixture.inbox(carol)).toEqual([]);
      expect(await fixture.inbox(alice)).toEqual([]);
    });

    test('a broadcast is the same in every copy, and has no copy for its sender', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(alice, bob, carol);
      const message = outgoing('all');
      const [receipt] = await fixture.send(alice, message);
      expect(receipt?.recipients.map(({ participantId }) => participantId)).toEqual(['bob', 'carol']);
      expect(receipt).not.toHaveProperty('skipped');

      const [copy, ...more] = (await fixture.read(bob)).messages.map(asShown);
      expect(more).toEqual([]);
      expect(copy).toMatchObject({ id: message.id, sender: 'alice', payload: '"all"' });
      expect(copy?.recipient).toBeUndefined();
      expect((await fixture.read(carol)).messages.map(asShown)).toEqual([copy]);
      expect(await fixture.inbox(alice)).toEqual([]);
    });

    test('a broadcast in a room without others is stored in no mailbox', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const [receipt] = await fixture.send(alice, outgoing('anyone?'));
      expect(receipt?.recipients).toEqual([]);
      const bob = await fixture.join('bob');
      expect(await fixture.inbox(bob)).toEqual([]);
    });

    test('a message may have no payload and no call', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const { id, ttlMs } = outgoing('');
      await fixture.send(alice, { id, type: 'ringing', ttlMs });
      const [message] = (await fixture.read(bob)).messages;
      expect(message).toMatchObject({ id, type: 'ringing' });
      expect(message?.payload).toBeUndefined();
      expect(message?.callId).toBeUndefined();
    });

    test.each(DELICATE)('the payload arrives byte for byte: %j', async (payload) => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, { ...outgoing(''), payload: payload as JsonText });
      expect((await fixture.read(bob)).messages[0]?.payload).toBe(payload);
    });

    test('a batch keeps its order, also across recipients', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(bob);
      const receipts = await fixture.send(
        alice,
        outgoing('1'),
        outgoing('2', { to: 'carol' }),
        outgoing('3', { to: 'bob' }),
        outgoing('4'),
      );
      expect(receipts.map(({ recipients }) => recipients.length)).toEqual([2, 1, 1, 2]);
      expect(await fixture.inbox(bob)).toEqual(['1', '3', '4']);
      expect(await fixture.inbox(carol)).toEqual(['1', '2', '4']);
    });

    test('sends that follow each other keep their order', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      for (const message of numbered(20)) await fixture.send(alice, message);
      expect(await fixture.inbox(bob)).toEqual(numbered(20).map((_, index) => `${index + 1}`));
    });

    test('all mailboxes agree on the order of concurrent broadcasts', async () => {
      const fixture = await open();
      const [alice, bob, carol, dave] = await fixture.joinAll('alice', 'bob', 'carol', 'dave');
      await fixture.acknowledgeAll(carol, dave);
      const sends = numbered(10).flatMap((message, index) => [
        fixture.send(alice, message),
        fixture.send(bob, outgoing(`bob ${index}`), outgoing(`bob ${index} too`)),
      ]);
      await Promise.all(sends);

      const seen = await fixture.inbox(carol);
      expect(seen).toHaveLength(30);
      expect(await fixture.inbox(dave)).toEqual(seen);
      for (let index = 0; index < 10; index += 1)
        expect(seen.indexOf(`bob ${index} too`)).toBe(seen.indexOf(`bob ${index}`) + 1);
    });

    test('an absent recipient refuses the whole batch, with the index of the message', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.join('carol', { room: 'attic' });
      for (const to of ['carol', 'nobody', '__proto__', '']) {
        const batch = [outgoing('1'), outgoing('2', { to: 'bob' }), outgoing('3', { to })];
        await expectRefusal(fixture.send(alice, ...batch), 'recipient-not-found', { messageIndex: 2 });
      }
      expect(await fixture.inbox(bob)).toEqual([]);
    });

    test('a broadcast goes to the participants present at the commit', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.leave(bob);
      await expectRefusal(fixture.send(alice, outgoing('late', { to: 'bob' })), 'recipient-not-found', {
        messageIndex: 0,
      });
      const carol = await fixture.join('carol');
      await fixture.send(alice, outgoing('now'));
      expect(await fixture.inbox(carol)).toEqual(['now']);
    });

    test('a departed participant cannot send', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.leave(alice, 'removed');
      await expectRefusal(fixture.send(alice, outgoing('late')), 'participant-gone', { reason: 'removed' });
      expect(await fixture.inbox(bob)).toEqual(['left alice removed']);
      await fixture.leave(bob);
      await expectRefusal(fixture.send(bob, outgoing('late')), 'participant-gone', { reason: 'left' });
    });

    test('the sender learns whether the recipient listens', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      fixture.store.openPoll(bob.mailbox).hold(25_000);
      const [receipt] = await fixture.send(alice, outgoing('all'));
      expect(receipt?.recipients).toEqual([
        { participantId: 'bob', listening: true },
        { participantId: 'carol', listening: false },
      ]);
      expect(carol.participants.map(({ listening }) => listening)).toEqual([false, false, false]);
    });

    test('times are of the wall clock, ages of the steady clock', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      fixture.clock.jumpWall(-3_600_000);
      await fixture.send(alice, outgoing('1'));
      const sentAtMs = fixture.clock.wallMs();
      fixture.clock.jumpWall(7_200_000);
      await fixture.clock.advance(250);
      expect((await fixture.read(bob)).messages).toMatchObject([{ sentAtMs, ageMs: 250 }]);
    });
  });
}
