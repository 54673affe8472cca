import { afterAll, beforeAll, describe } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { Office } from '../support/networks/office.ts';
import { whatIsMissing } from '../support/networks/requirements.ts';
import { describeBrowsers } from './topics/browsers.ts';
import { describeConversations } from './topics/conversations.ts';
import { describeNodePeers } from './topics/node-peers.ts';
import { describeRealWindows, type RealWindows, startRealWindows } from './topics/real-windows.ts';
import { describeShortWindows } from './topics/short-windows.ts';
import { describeWayOut } from './topics/way-out.ts';

const missing = whatIsMissing();
if (missing !== undefined) console.warn(`SKIPPED: no restrictive network was tried: ${missing}`);

(missing === undefined ? describe : describe.skip)('in an office whose only way out is a squid', () => {
  let office: Office;
  let windows: RealWindows;

  beforeAll(async () => {
    office = await Office.open();
    windows = await startRealWindows(office);
  });
  afterAll(cleanUp);

  describeWayOut(() => office);
  describeConversations(() => office);
  describeBrowsers(() => office);
  // From here on the gateway lets more through.
  describeNodePeers(() => office);
  describeShortWindows(() => office);
  // Last: they have been held since the beginning.
  describeRealWindows(() => windows);
});
