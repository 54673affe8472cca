import { expect, test } from '@jest/globals';
import { onCleanUp } from '../support/clean-up.ts';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { Proxy } from '../support/proxy.ts';
import { ServerProcess, temporaryDatabase } from '../support/server-process.ts';
import { describeInBrowser, sharedBrowser, takePicture } from './support/browser.ts';
import { Caller, expectConnected } from './support/caller.ts';

const LAPTOP = { viewport: { width: 1280, height: 800 } } as const;
/** After this long the proxy of a test cuts every poll. */
const LIMIT_SECONDS = 3;
const isPoll = (path: string): boolean => path.endsWith('/messages/poll');

const browser = sharedBrowser();

describeInBrowser('two pages of the demo connect', () => {
  test('although the server is killed and restarted while they do, and keep the call over a second restart', async () => {
    const env = { STORE_URL: temporaryDatabase(), DRAIN_SECONDS: '2' };
    let server = await ServerProcess.start({ env });
    const proxy = await Proxy.start(server.url);
    const room = newRoom();
    const alice = await Caller.join(browser(), proxy.url, { name: 'Alice', room });
    const restarted = new Promise<void>((resolve, reject) => {
      proxy.faults.onRequest = async ({ path }) => {
        // Bob's invite: he has joined, and nothing is negotiated yet.
        if (!/\/messages(\/batch)?$/.test(path)) return;
        delete proxy.faults.onRequest;
        proxy.target = undefined;
        await server.kill();
        server = await ServerProcess.start({ env });
        proxy.target = server.url;
        resolve();
      };
      onCleanUp(() => reject(new Error('the server was never restarted')));
    });
    const bob = await Caller.join(browser(), proxy.url, { name: 'Bob', room });
    await restarted;
    await expectConnected(alice, bob);
    await bob.seesMovingPicture('Alice');

    // A connected call survives a second restart.
    proxy.target = undefined;
    await server.stop();
    server = await ServerProcess.start({ env });
    proxy.target = server.url;
    await alice.sendText('still there?');
    await bob.seesText('still there?');
    await bob.hangUp();
    await alice.seesText('Bob is gone');
  });

  test('behind a proxy that cuts every poll at 3 s, and shorten their polls', async () => {
    const { url } = await startService({ socket: 'off' });
    const waits: number[] = [];
    const proxy = await Proxy.start(url, {
      timeoutMs: ({ path }, body) => {
        if (!isPoll(path)) return undefined;
        const { wait } = JSON.parse(body) as { wait: number };
        waits.push(wait);
        // A shorter poll would have ended by itself, except on a slow machine.
        return wait < LIMIT_SECONDS ? undefined : LIMIT_SECONDS * 1_000;
      },
    });
    const room = newRoom();
    const alice = await Caller.join(browser(), proxy.url, { name: 'Alice', room, media: 'Text only' }, LAPTOP);
    const bob = await Caller.join(browser(), proxy.url, { name: 'Bob', room, media: 'Text only' }, LAPTOP);
    await expectConnected(alice, bob);
    // Chromium repeats a request whose connection was reset, so the server may learn the limit before the page sees a cut.
    const learned = /^(\d+ polls? (was|were) cut; )?polls now ask for [12] s instead of 25$/;
    for (const caller of [alice, bob]) await caller.panel.getByText(learned).waitFor();
    // From then on polls end by themselves, and none is long enough to be cut.
    const asked = waits.length;
    await alice.panel
      .getByText(/^poll held for/)
      .nth(2)
      .waitFor();
    expect(waits.slice(asked).filter((wait) => wait >= LIMIT_SECONDS)).toEqual([]);
    await takePicture(alice.page, 'demo-polls-cut');
    await bob.hangUp();
    await alice.seesText('Bob is gone');
  });

  test('over a network that drops every third reply', async () => {
    const { url } = await startService();
    let replies = 0;
    let dropped = 0;
    const proxy = await Proxy.start(url, {
      onReply: ({ path }) => {
        // A browser does not repeat a failed load of a page's parts.
        if (!path.startsWith('/v1/')) return 'pass';
        replies += 1;
        if (replies % 3 !== 0) return 'pass';
        dropped += 1;
        return 'drop';
      },
    });
    const room = newRoom();
    const alice = await Caller.join(browser(), proxy.url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), proxy.url, { name: 'Bob', room });
    await expectConnected(alice, bob);
    await alice.seesMovingPicture('Bob');
    await bob.seesMovingPicture('Alice');
    // More requests, until four replies were dropped.
    for (let word = 0; dropped < 4; word += 1) {
      await alice.sendText(`word ${word}`);
      await bob.seesText(`word ${word}`);
    }
    expect([alice.watched.errors, bob.watched.errors]).toEqual([[], []]);
  });
});

describeInBrowser('a page that loses the network', () => {
  test('shows that it is offline, keeps the call, and recovers by itself', async () => {
    const { url } = await startService();
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room, media: 'Text only' });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, media: 'Text only' });
    await expectConnected(alice, bob);
    await alice.page.context().setOffline(true);
    await alice.page.getByRole('alert').filter({ hasText: 'This device is offline' }).waitFor();
    await takePicture(alice.page, 'demo-offline');
    await alice.page.context().setOffline(false);
    await alice.page.getByRole('alert').filter({ hasText: 'offline' }).waitFor({ state: 'hidden' });
    await bob.hangUp();
    await alice.seesText('Bob is gone');
  });
});
