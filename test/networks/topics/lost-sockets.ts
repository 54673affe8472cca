import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TransportChange } from '../../../src/client/index.ts';
import { newRoom } from '../../support/member.ts';
import { ENDPOINTS, type CorporateProxyNetwork } from '../../support/networks/corporate-proxy-network.ts';
import { direct } from '../../support/networks/http-route.ts';
import type { Endpoint } from '../../support/networks/namespace.ts';
import { RoutedPeer, sendBothWays } from '../../support/networks/routed-peer.ts';

/** Without a frame for this long, a socket is dead: the server's heartbeat and 15 s. */
const SILENCE_MS = 35_000;
/** Less than a poll is held. */
const STEP_MS = 20_000;

const PROVEN: TransportChange = { transport: 'socket', reason: 'proven' };
const SILENT: TransportChange = { transport: 'poll', reason: 'silent' };

export function describeLostSockets(network: () => CorporateProxyNetwork): void {
  const machines = () => network().machines;

  /** Two clients that read by sockets, with a direct way to the site. */
  async function meet(site: Endpoint): Promise<readonly [RoutedPeer, RoutedPeer]> {
    const roomId = newRoom();
    const alice = await RoutedPeer.join(direct(network().alice, site), roomId, 'alice');
    const bob = await RoutedPeer.join(direct(network().bob, site), roomId, 'bob');
    for (const { webSockets } of [alice, bob]) webSockets.letConnect();
    await Promise.all([alice.untilReadsBy('socket'), bob.untilReadsBy('socket')]);
    await sendBothWays(alice, bob);
    return [alice, bob];
  }

  describe('two clients that read by sockets', () => {
    beforeAll(() => {
      for (const site of [ENDPOINTS.passing, ENDPOINTS.holdline]) machines().allow(site);
    });

    test('poll at once when their sockets are reset, and miss nothing', async () => {
      const [alice, bob] = await meet(ENDPOINTS.passing);
      // A client that first waits, for however long, never polls.
      for (const { time } of [alice, bob]) time.stop();
      await Promise.all([alice.send(bob), bob.send(alice), network().middlebox.resetUpgraded()]);
      await Promise.all([alice.untilReadsBy('poll'), bob.untilReadsBy('poll')]);
      await sendBothWays(alice, bob);
      await end(alice, bob, [PROVEN, { transport: 'poll', reason: 'closed' }]);
    });

    test('poll after 35 s of silence when their packets are lost, and miss nothing', async () => {
      const [alice, bob] = await meet(ENDPOINTS.holdline);
      for (const client of [network().alice, network().bob]) machines().loseConnections(client, ENDPOINTS.holdline);
      await Promise.all([alice.send(bob), bob.send(alice)]);
      expect([alice, bob].map(({ mailbox }) => mailbox.transport)).toEqual(['socket', 'socket']);
      await Promise.all([alice.time.turn(SILENCE_MS), bob.time.turn(SILENCE_MS)]);
      await Promise.all([alice.untilReceived(bob), bob.untilReceived(alice)]);
      await sendBothWays(alice, bob);
      await end(alice, bob, [PROVEN, SILENT]);
    });

    test('poll when the network closes, read by sockets when it opens again, and miss nothing', async () => {
      const [alice, bob] = await meet(ENDPOINTS.holdline);
      const open = machines().intercept(ENDPOINTS.holdline, ENDPOINTS.interceptingSquid);
      for (const client of [network().alice, network().bob]) machines().loseConnections(client, ENDPOINTS.holdline);
      await Promise.all([alice.send(bob), bob.send(alice)]);
      await Promise.all([alice.time.turn(SILENCE_MS), bob.time.turn(SILENCE_MS)]);
      await Promise.all([alice.untilReceived(bob), bob.untilReceived(alice)]);
      // The one that was lost, and one that squid does not upgrade.
      await letTimePass([alice, bob], ({ webSockets }) => webSockets.closed >= 2);
      expect([alice, bob].map(({ mailbox }) => mailbox.transport)).toEqual(['poll', 'poll']);
      open();
      await letTimePass([alice, bob], ({ mailbox }) => mailbox.transport === 'socket');
      await sendBothWays(alice, bob);
      await end(alice, bob, [PROVEN, SILENT, PROVEN]);
    });
  });
}

/** Messages end the polls of each step, before the client takes them for lost. An attempt takes as long as it takes. */
async function letTimePass(peers: readonly [RoutedPeer, RoutedPeer], isOver: (peer: RoutedPeer) => boolean) {
  for (let left = [...peers]; left.length > 0; left = left.filter((peer) => !isOver(peer))) {
    await Promise.all(left.map(({ time, webSockets }) => time.turn(STEP_MS, () => webSockets.inUse > 0)));
    await Promise.all(peers.map((peer) => peer.untilCalm()));
    await sendBothWays(...peers);
  }
}

/** Each message arrived once, in order, and the mailboxes were read in these ways. */
async function end(one: RoutedPeer, other: RoutedPeer, changes: readonly TransportChange[]): Promise<void> {
  expect([one.received, other.received]).toEqual([other.sent, one.sent]);
  expect([one.changes, other.changes]).toEqual([changes, changes]);
  for (const { time } of [one, other]) await time.turn(0);
  await Promise.all([one.mailbox.leave(), other.mailbox.leave()]);
}
