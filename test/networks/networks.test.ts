import { afterAll, beforeAll, describe } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { CorporateProxyNetwork } from '../support/networks/corporate-proxy-network.ts';
import { whatIsMissing } from '../support/networks/requirements.ts';
import { describeBrowserSockets } from './topics/browser-sockets.ts';
import { describeBrowsers } from './topics/browsers.ts';
import { describeConversations } from './topics/conversations.ts';
import { describeLostSockets } from './topics/lost-sockets.ts';
import { describeNodePeers } from './topics/node-peers.ts';
import { describeRealWindows, type RealWindows, startRealWindows } from './topics/real-windows.ts';
import { describeShortWindows } from './topics/short-windows.ts';
import { describeSockets } from './topics/sockets.ts';
import { describeFirewall } from './topics/firewall.ts';

const missing = whatIsMissing();
if (missing !== undefined) console.warn(`SKIPPED: the tests of restrictive networks did not run: ${missing}`);

(missing === undefined ? describe : describe.skip)('in a corporate network whose only way out is squid', () => {
  let network: CorporateProxyNetwork;
  let windows: RealWindows;

  beforeAll(async () => {
    network = await CorporateProxyNetwork.open();
    windows = await startRealWindows(network);
  });
  afterAll(cleanUp);

  describeFirewall(() => network);
  describeConversations(() => network);
  const pages = describeBrowsers(() => network);
  // From here on, the gateway allows more connections.
  describeBrowserSockets(() => network, pages);
  describeNodePeers(() => network);
  describeShortWindows(() => network);
  describeSockets(() => network);
  describeLostSockets(() => network);
  // Last, because these polls have been held since the beginning.
  describeRealWindows(() => windows);
});
