import { describe, expect, test } from '@jest/globals';
import { joinRoom, type ReceivedMessage } from '../../../src/client/index.ts';
import {
  ENDPOINTS,
  BASE_PATH,
  type CorporateProxyNetwork,
  ROUTES,
} from '../../support/networks/corporate-proxy-network.ts';
import { viaProxy } from '../../support/networks/http-route.ts';
import { RoutedMember } from '../../support/networks/routed-member.ts';
import { newRoom } from '../../support/member.ts';
import { QuietPoll } from '../../support/quiet-poll.ts';
import { untilListening } from '../../support/server-process.ts';

/** Seconds. If a proxy holds back a response until the end of this window, the quiet poll has ended long before. */
const WAIT = 40;
const QUIET_WAIT = 20;
const OFFER = { type: 'offer', payload: { type: 'offer', sdp: 'v=0\r\n' } } as const;

/** Both ways to poll: some proxies treat them differently. */
const POLLS = {
  receiveMessages: (after: string) => ({ query: { after, wait: WAIT } }),
  pollMessages: (after: string) => ({ body: { after, wait: WAIT } }),
} as const;

export function describeConversations(network: () => CorporateProxyNetwork): void {
  const { alice, bob } = { alice: () => network().alice, bob: () => network().bob };

  describe.each(Object.keys(ROUTES))('a conversation with Holdline %s', (words) => {
    const route = (from: 'alice' | 'bob') => routeOf(network(), words, from);

    test.each(['receiveMessages', 'pollMessages'] as const)('%s is held, and answered at once', async (operation) => {
      const room = newRoom();
      const callee = await RoutedMember.join(route('alice'), room, 'callee');
      const caller = await RoutedMember.join(route('bob'), room, 'caller');
      const quiet = await QuietPoll.start(await RoutedMember.join(route('alice'), newRoom(), 'alone'), QUIET_WAIT);
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

  test('the client reaches Holdline below a path of another site', async () => {
    const { url, fetch } = network().tunnel(alice(), ENDPOINTS.nginx);
    const mailbox = await joinRoom({
      baseUrl: `${url}${BASE_PATH}`,
      fetch,
      roomId: newRoom(),
      participantId: 'callee',
    });
    const received = new Promise<ReceivedMessage>((resolve) => {
      mailbox.on('message', (message) => {
        if (message.type === 'offer') resolve(message);
      });
    });
    const caller = await RoutedMember.join(network().tunnel(bob(), ENDPOINTS.nginx), mailbox.roomId, 'caller');
    const { id } = await caller.send(OFFER);
    expect(await received).toMatchObject({ id, ...OFFER });
    await mailbox.leave();
    expect(await caller.roster()).toHaveLength(1);
  });

  test('no proxy answers a poll from its cache', async () => {
    const member = await RoutedMember.join(viaProxy(alice(), ENDPOINTS.squid, ENDPOINTS.holdline), newRoom(), 'member');
    const other = await RoutedMember.join(viaProxy(bob(), ENDPOINTS.squid, ENDPOINTS.holdline), member.roomId, 'other');
    await member.poll();
    expect(await member.poll()).toMatchObject({ messages: [{ type: 'participant-joined' }] });
    await other.send(OFFER);
    expect(await member.poll()).toMatchObject({ messages: [{ type: 'participant-joined' }, { type: 'offer' }] });
  });
}

function routeOf(network: CorporateProxyNetwork, words: string, from: 'alice' | 'bob') {
  const route = ROUTES[words]?.(network, network[from]);
  if (route === undefined) throw new Error(`no such route: ${words}`);
  return route;
}
