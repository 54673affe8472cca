import { expect, test } from '@jest/globals';
import type { BrowserContext } from 'playwright-core';
import { describeInBrowser, sharedBrowser } from '../demo/support/browser.ts';
import { startService } from '../support/holdline.ts';
import { ClientTab, hostClientPage } from './support/client-page.ts';
import { SlowTls } from './support/slow-tls.ts';

const browser = sharedBrowser({ trustAll: true });

/** A tab with that page. */
async function openTab(context: BrowserContext, address: string): Promise<ClientTab> {
  const tab = new ClientTab(await context.newPage());
  await tab.page.goto(address);
  return tab;
}

/** @returns how a call ends for the other side when a tab with this `pagehide` listener is closed */
async function endAfterClosing(onHide: string): Promise<{ reason: string; by: string }> {
  const { url } = await startService();
  const tls = await SlowTls.start(url, 80);
  const address = await hostClientPage();
  // One profile for both: a request that outlives its page does not outlive its profile.
  const context = await browser().newContext();
  const [alice, bob] = await Promise.all([openTab(context, address), openTab(context, address)]);
  await alice.join({ baseUrl: tls.url, roomId: 'room', participantId: 'alice' });
  await bob.join({ baseUrl: tls.url, roomId: 'room', participantId: 'bob' });
  for (const tab of [alice, bob]) tab.listen().catch(() => undefined);
  expect(await alice.callUp('bob')).toBe(true);
  await bob.page.waitForFunction(`call.state === 'connected'`);
  await alice.page.evaluate(`addEventListener('pagehide', () => { ${onHide} })`);
  tls.closeIdle();
  await alice.page.close();
  return bob.page.evaluate('call.whenEnded');
}

describeInBrowser('a tab that is closed in a call, on HTTP/1.1 over TLS with latency', () => {
  const cases = [
    { onHide: '', reasons: ['user_hangup'] },
    { onHide: 'call.hangUp()', reasons: ['user_hangup'] },
    // Both requests go at once, on connections of their own: either may arrive first.
    { onHide: 'mailbox.leave()', reasons: ['user_hangup', 'left'] },
  ];

  test('informs the other side, whether it does nothing about it, hangs up or leaves in `pagehide`', async () => {
    // The cases spend their time waiting for the network, so they run side by side.
    const ends = await Promise.all(cases.map(async (one) => ({ ...one, ...(await endAfterClosing(one.onHide)) })));
    // Without a word from the page, the reason would be `ice_failed` or `timeout`.
    for (const { onHide, reasons, reason, by } of ends) {
      expect([onHide, by, reasons]).toEqual([onHide, 'remote', expect.arrayContaining([reason])]);
    }
  });
});

describeInBrowser('tabs that take up all six connections of HTTP/1.1 with their polls', () => {
  test('send and join while all of them are held', async () => {
    // Longer than the test may take: no poll ends by itself.
    const { url, service } = await startService({ defaultWaitSeconds: 120, maxWaitSeconds: 120 });
    const address = await hostClientPage();
    const context = await browser().newContext();
    const tabs: ClientTab[] = [];
    const options = (index: number) => ({ baseUrl: url, roomId: 'room', participantId: `tab${index}` });
    const add = async (index: number): Promise<ClientTab> => {
      const tab = await openTab(context, address);
      await tab.join(options(index));
      tabs.push(tab);
      return tab;
    };
    for (let index = 0; index < 6; index += 1) {
      const tab = await add(index);
      await service.hold(`tab${index}`, () => tab.listen());
    }
    await tabs[0]?.send('tab1', 'hello');
    expect(await tabs[1]?.received).toBe('hello');
    const seventh = await add(6);
    seventh.listen().catch(() => undefined);
    await tabs[2]?.send('tab6', 'welcome');
    expect(await seventh.received).toBe('welcome');
  });
});

describeInBrowser('a tab that is duplicated in a call', () => {
  test('gets a mailbox of its own, which it keeps over a reload, and the call goes on', async () => {
    const { url } = await startService();
    const address = await hostClientPage();
    const context = await browser().newContext();
    const [first, other] = [await openTab(context, address), await openTab(context, address)];
    const options = { baseUrl: url, roomId: 'room' };
    const [mine, theirs] = [await first.join(options, true), await other.join(options, true)];
    for (const tab of [first, other]) tab.listen().catch(() => undefined);
    expect(await first.callUp(theirs)).toBe(true);

    const opened = context.waitForEvent('page');
    await first.page.getByText('once more').click();
    const copy = new ClientTab(await opened);
    const own = await copy.join(options, true);
    expect([mine, theirs]).not.toContain(own);
    copy.listen().catch(() => undefined);
    expect(await copy.rejoin(options)).toBe(own);
    copy.listen().catch(() => undefined);
    // A poll of the copy that took the first one's place would have ended it.
    await copy.send(mine, 'still there?');
    expect(await first.received).toBe('still there?');
    expect(await first.rejoin(options)).toBe(mine);
  });
});
