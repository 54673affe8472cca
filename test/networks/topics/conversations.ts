import { describe, expect, test } from '@jest/globals';
import { joinRoom, type ReceivedMessage } from '../../../src/client/index.ts';
import { AT, BELOW, type Office, ROADS } from '../../support/networks/office.ts';
import { byProxy } from '../../support/networks/road.ts';
import { RoadMember } from '../../support/networks/road-member.ts';
import { newRoom } from '../../support/member.ts';
import { QuietPoll } from '../../support/quiet-poll.ts';
import { untilListening } from '../../support/server-process.ts';

/** Seconds. A poll that a proxy holds back is answered at the end of its window, when the quiet poll has ended long before. */
const WAIT = 40;
const QUIET_WAIT = 20;
const OFFER = { type: 'offer', payload: { type: 'offer', sdp: 'v=0\r\n' } } as const;

/** Both ways to poll: some proxies treat them differently. */
const POLLS = {
  receiveMessages: (after: string) => ({ query: { after, wait: WAIT } }),
  pollMessages: (after: string) => ({ body: { after, wait: WAIT } }),
} as const;

export function describeConversations(office: () => Office): void {
  const { alice, bob } = { alice: () => office().alice, bob: () => office().bob };

  describe.each(Object.keys(ROADS))('a conversation with Holdline %s', (words) => {
    const road = (from: 'alice' | 'bob') => roadOf(office(), words, from);

    test.each(['receiveMessages', 'pollMessages'] as const)('%s is held, and answered at once', async (operation) => {
      const room = newRoom();
      const callee = await RoadMember.join(road('alice'), room, 'callee');
      const caller = await RoadMember.join(road('bob'), room, 'caller');
      const quiet = await QuietPoll.start(await RoadMember.join(road('alice'), newRoom(), 'alone'), QUIET_WAIT);
      const { cursor } = await callee.poll();
      const poll = callee.call(operation, POLLS[operation](cursor));
      await untilListening(callee);
      const { id, recipients } = await caller.send(OFFER);
      const { body } = await poll;
      expect(quiet.isHeld).toBe(true);
      expect(body).toMatchObject({ messages: [{ id, from: 'caller', ...OFFER }], more: false, expired: 0 });
      expect(recipients).toEqual([{ participantId: 'callee', listening: true }]);
      await quiet.end();
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
