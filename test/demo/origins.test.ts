import { expect, test } from '@jest/globals';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { Proxy } from '../support/proxy.ts';
import { describeInBrowser, sharedBrowser } from './support/browser.ts';
import { Caller, expectConnected } from './support/caller.ts';
import { hostDemoElsewhere } from './support/other-host.ts';

/** Of two pages, a few rounds each. */
const STEADY_POLLS = 10;

const browser = sharedBrowser();

describeInBrowser('across origins', () => {
  test('a call costs one preflight per address, and a steady poll loop none', async () => {
    const { url } = await startService({ defaultWaitSeconds: 1 });
    const preflights: string[] = [];
    let polls = 0;
    let onPoll = (): void => undefined;
    const service = await Proxy.start(url, {
      onRequest: ({ method, path }) => {
        if (method === 'OPTIONS') preflights.push(path);
        else if (path.endsWith('/messages/poll')) {
          polls += 1;
          onPoll();
        }
      },
    });
    const page = await hostDemoElsewhere(service.url);
    const room = newRoom();
    const alice = await Caller.join(browser(), page, { name: 'Alice', room });
    const bob = await Caller.join(browser(), page, { name: 'Bob', room });
    await expectConnected(alice, bob);
    await alice.seesMovingPicture('Bob');
    expect([...alice.watched.origins].sort()).toEqual([page, service.url].sort());

    const before = [...preflights];
    const steady = polls + STEADY_POLLS;
    await new Promise<void>((resolve) => {
      onPoll = () => {
        if (polls === steady) resolve();
      };
    });
    expect(preflights).toEqual(before);

    // Alice and Bob are two profiles, of which each has to ask once.
    const perAddress = Map.groupBy(preflights, (path) => path);
    console.log(
      `${polls} polls, preflights: ${[...perAddress].map(([path, all]) => `${path} ${all.length}`).join(', ')}`,
    );
    expect([...perAddress.values()].filter((all) => all.length > 2)).toEqual([]);
    expect([alice.watched.errors, bob.watched.errors]).toEqual([[], []]);
  });
});
