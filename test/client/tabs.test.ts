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

describeInBrowser('a tab that is closed in a call, on HTTP/1.1 over TLS with latency', () => {
  test.each([
    ['does nothing about it', '', ['user_hangup']],
    ['hangs up in `pagehide`', 'call.hangUp()', ['user_hangup']],
    // Both go at once, on connections of their own: either may arrive first.
    ['leaves in `pagehide`', 'mailbox.leave()', ['user_hangup', 'left']],
  ])(
    'and %s: the other side is told',
    async (_, onHide, reasons) => {
      const { url } = await startService();
      const tls = await SlowTls.start(url, 80);
      const address = await hostClientPage();
      // One profile for both: a request that outlives its page does not outlive its profile.
      const context = await browser().newContext();
      const [alice, bob] = [await openTab(context, address), await openTab(context, address)];
      for (const [tab, participantId] of [
        [alice, 'alice'],
        [bob, 'bob'],
      ] as const) {
        await tab.join({ baseUrl: tls.url, roomId: 'room', participantId });
        tab.listen().catch(() => undefined);
      }
      expect(await alice.callUp('bob')).toBe(true);
      await bob.page.waitForFunction(`call.state === 'connected'`);
      await alice.page.evaluate(`addEventListener('pagehide', () => { ${onHide} })`);
      tls.closeIdle();
      await alice.page.close();
      // Without a word from the page, it would be `ice_failed` or `timeout`.
      const { reason, by } = await bob.page.evaluate<{ reason: string; by: string }>('call.whenEnded');
      expect([by, reasons.includes(reason)]).toEqual(['remote', true]);
    },
    90_000,
  );
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
  }, 60_000);
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
    await copy.page.reload();
    expect(await copy.join(options, true)).toBe(own);
    copy.listen().catch(() => undefined);
    // A poll of the copy that took the first one's place would have ended it.
    await copy.send(mine, 'still there?');
    expect(await first.received).toBe('still there?');
    await first.page.reload();
    expect(await first.join(options, true)).toBe(mine);
  }, 60_000);
});
