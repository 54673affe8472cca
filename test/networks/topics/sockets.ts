import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TransportName } from '../../../src/client/index.ts';
import { answer, invite, type Side, talk } from '../../client/support/rtc.ts';
import { nextMessage } from '../../client/support/client.ts';
import { newRoom } from '../../support/member.ts';
import { ENDPOINTS, type CorporateProxyNetwork } from '../../support/networks/corporate-proxy-network.ts';
import { direct, type HttpRoute, viaProxy } from '../../support/networks/http-route.ts';
import type { Namespace } from '../../support/networks/namespace.ts';
import { RoutedPeer, sendBothWays } from '../../support/networks/routed-peer.ts';

interface Network {
  readonly words: string;
  readonly route: (network: CorporateProxyNetwork, from: Namespace) => HttpRoute;
  /** How mailboxes are read in the end. */
  readonly transport: TransportName;
  /** Whether a WebSocket that has opened only ends when the client gives it up. */
  readonly isMute?: true;
}

const bySquid = (port: 'squid' | 'refusingSquid' | 'strippingSquid' | 'upgradingSquid'): Network['route'] => {
  return (_, from) => viaProxy(from, ENDPOINTS[port], ENDPOINTS.holdline);
};

const NETWORKS: readonly Network[] = [
  { words: 'a squid as Debian configures it', route: bySquid('squid'), transport: 'poll' },
  { words: 'a squid that refuses the upgrade', route: bySquid('refusingSquid'), transport: 'poll' },
  { words: 'a squid that strips `Upgrade`', route: bySquid('strippingSquid'), transport: 'poll' },
  { words: 'a squid that allows WebSockets', route: bySquid('upgradingSquid'), transport: 'socket' },
  {
    words: 'an nginx without upgrade headers',
    route: (network, from) => network.tunnel(from, ENDPOINTS.nginx),
    transport: 'poll',
  },
  {
    words: 'a haproxy with its defaults',
    route: (network, from) => network.tunnel(from, ENDPOINTS.haproxy),
    transport: 'socket',
  },
  {
    words: 'a proxy that kills WebSockets 300 ms after the 101',
    route: (_, from) => direct(from, ENDPOINTS.killing),
    transport: 'poll',
  },
  {
    words: 'a proxy through which nothing comes after the 101',
    route: (_, from) => direct(from, ENDPOINTS.mute),
    transport: 'poll',
    isMute: true,
  },
];

/** The time that a socket has to prove itself. */
const PROOF_MS = 10_000;

/** Two clients with `socket()`: a call connects and lives, whatever the network does to WebSockets. */
export function describeSockets(network: () => CorporateProxyNetwork): void {
  describe('two clients with socket()', () => {
    beforeAll(() => {
      network().machines.allow(ENDPOINTS.killing);
      network().machines.allow(ENDPOINTS.mute);
    });

    describe.each(NETWORKS)('by $words', ({ route, transport, isMute }) => {
      let peers: readonly [RoutedPeer, RoutedPeer];
      let sides: readonly [Side, Side];

      test('connect a call by polls before any WebSocket could connect', async () => {
        const roomId = newRoom();
        const { alice, bob } = network().machines.clients;
        const caller = await RoutedPeer.join(route(network(), alice), roomId, 'caller');
        const callee = await RoutedPeer.join(route(network(), bob), roomId, 'callee');
        peers = [caller, callee];
        await sendBothWays(caller, callee);
        const answering = answer(callee.mailbox);
        sides = [invite(caller.mailbox, 'callee'), await answering];
        await talk(...sides);
        expect(peers.map(({ mailbox }) => mailbox.transport)).toEqual(['poll', 'poll']);
      });

      test(`then read by ${transport}, and the call lives`, async () => {
        await Promise.all(peers.map((peer) => tryWebSocket(peer, transport, isMute)));
        await sendBothWays(...peers);
        const answered = nextMessage(peers[0].mailbox, 'answer');
        sides[0].call.restartIce();
        await answered;
        expect(peers.map(({ mailbox }) => mailbox.transport)).toEqual([transport, transport]);
        expect(sides.map(({ call }) => call.state)).toEqual(['connected', 'connected']);
        sides[0].call.hangUp();
        expect(await sides[1].call.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });
        expect(peers.map(({ received }) => received)).toEqual(peers.map(({ sent }) => sent));
        await Promise.all(peers.map(({ mailbox }) => mailbox.leave()));
      });
    });
  });
}

/** Lets the client try WebSockets until one has proved itself, or the first one has failed. */
async function tryWebSocket(peer: RoutedPeer, transport: TransportName, isMute = false): Promise<void> {
  peer.webSockets.letConnect();
  if (transport === 'socket') {
    await peer.untilReadsBy('socket');
    return;
  }
  if (isMute) {
    await peer.until(() => peer.webSockets.opened > 0);
    await peer.time.turn(PROOF_MS);
  }
  await peer.until(() => peer.webSockets.closed > 0);
}
