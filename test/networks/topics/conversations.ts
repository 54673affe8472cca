import { describe, expect, test } from '@jest/globals';
import { joinRoom, type ReceivedMessage } from '../../../src/client/index.ts';
import { AT, BELOW, type Office, ROADS } from '../../support/networks/office.ts';
import { byProxy } from '../../support/networks/road.ts';
import { RoadMember } from '../../support/networks/road-member.ts';
import { newRoom } from '../../support/member.ts';
import { untilListening } from '../../support/server-process.ts';

/** From the answer to a send until the reply to a held poll: 3 ms on an idle machine. One that is held back comes after 18 s. */
const AT_ONCE_MS = 5_000;
const OFFER = { type: 'offer', payload: { type: 'offer', sdp: 'v=0\r\n' } } as const;

/** Both ways to poll: some proxies treat them differently. */
const POLLS = {
  receiveMessages: (after: string) => ({ query: { after, wait: 20 } }),
  pollMessages: (after: string) => ({ body: { after, wait: 20 } }),
} as const;

export function describeConversations(office: () => Office): void {
  const { alice, bob } = { alice: () => office().alice, bob: () => office().bob };

  describe.each(Object.keys(ROADS))('a conversation with Holdline %s', (words) => {
    const road = (from: 'alice' | 'bob') => roadOf(office(), words, from);

    test.each(['receiveMessages', 'pollMessages'] as const)('%s is held, and answered at once', async (operation) => {
      const room = newRoom();
      const callee = await RoadMember.join(road('alice'), room, 'callee');
      const caller = await RoadMember.join(road('bob'), room, 'caller');
      const { cursor } = await callee.poll();
      const poll = callee.call(operation, POLLS[operation](cursor));
      await untilListening(callee);
      const { id, recipients } = await caller.send(OFFER);
      const sentAt = performance.now();
      const { body } = await poll;
      expect(performance.now() - sentAt).toBeLessThan(AT_ONCE_MS);
      expect(body).toMatchObject({ messages: [{ id, from: 'caller', ...OFFER }], more: false, expired: 0 });
      expect(recipients).toEqual([{ participantId: 'callee', listening: true }]);
      await callee.leave();
      expect(await caller.poll()).toMatchObject({ messages: [{ type: 'participant-left' }] });
    });
  });

  test('the client talks with Holdline below a path of another site, too', async () => {
    const { url, fetch } = office().tunnel(alice(), AT.nginx);
    const mailbox = await joinRoom({ baseUrl: `${url}${BELOW}`, fetch, roomId: newRoom(), participantId: 'callee' });
    const received = new Promise<ReceivedMessage>((resolve) => {
      mailbox.on('message', (message) => {
        if (message.type === 'offer') resolve(message);
      });
    });
    const caller = await RoadMember.join(office().tunnel(bob(), AT.nginx), mailbox.roomId, 'caller');
    const { id } = await caller.send(OFFER);
    expect(await received).toMatchObject({ id, ...OFFER });
    await mailbox.leave();
    expect(await caller.roster()).toHaveLength(1);
  });

  test('no proxy answers a poll from its cache', async () => {
    const member = await RoadMember.join(byProxy(alice(), AT.squid, AT.holdline), newRoom(), 'member');
    const other = await RoadMember.join(byProxy(bob(), AT.squid, AT.holdline), member.roomId, 'other');
    await member.poll();
    expect(await member.poll()).toMatchObject({ messages: [{ type: 'participant-joined' }] });
    await other.send(OFFER);
    expect(await member.poll()).toMatchObject({ messages: [{ type: 'participant-joined' }, { type: 'offer' }] });
  });
}

function roadOf(office: Office, words: string, from: 'alice' | 'bob') {
  const road = ROADS[words]?.(office, office[from]);
  if (road === undefined) throw new Error(`no such road: ${words}`);
  return road;
}
