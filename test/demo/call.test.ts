import { beforeAll, expect, test } from '@jest/globals';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, sharedBrowser, takePicture } from './support/browser.ts';
import { Caller, expectConnected } from './support/caller.ts';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;
const LAPTOP = { viewport: { width: 1280, height: 800 } } as const;

const browser = sharedBrowser();
let url: string;
beforeAll(async () => {
  ({ url } = await startService());
});

describeInBrowser('the demo connects', () => {
  test('two people who open the same link, and shows offer, answer, candidates, polls and the media path', async () => {
    // A socket would read after some seconds, in place of the polls.
    const { url } = await startService({ socket: 'off' });
    const room = newRoom();
    const alice = await Caller.arrive(browser(), url, { name: 'Alice', room }, LAPTOP);
    const bob = await Caller.arrive(browser(), url, { name: 'Bob', room }, { ...PHONE, colorScheme: 'dark' });
    await takePicture(alice.page, 'demo-lobby');
    await takePicture(bob.page, 'demo-lobby-phone-dark');
    await alice.join();
    await alice.page.getByRole('heading', { name: 'You are alone in this room' }).waitFor();
    expect(await alice.page.getByLabel('Link to this room').inputValue()).toBe(`${url}/demo#${room}`);
    await takePicture(alice.page, 'demo-alone');
    await bob.join();

    await expectConnected(alice, bob);
    await alice.seesMovingPicture('Bob');
    await bob.seesMovingPicture('Alice');
    for (const text of [/^offer (to|from) Alice/, /^answer (to|from) Alice/, /candidate to Alice/, /^poll held for/]) {
      await bob.panel.getByText(text).first().waitFor();
    }
    await bob.panel.getByText(/^direct.*, UDP, \d+ ms round trip/).waitFor();
    await bob.panel.getByText(/^held for \d+ s of at most 25/).waitFor();
    await takePicture(alice.page, 'demo-call');
    await takePicture(bob.page, 'demo-call-phone-dark');

    for (const { watched } of [alice, bob]) {
      expect(watched.errors).toEqual([]);
      expect([...watched.origins]).toEqual([url]);
    }
  });

  test('two people again after one has muted, switched the camera off, hung up and come back, each shown to the other', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room });
    await expectConnected(alice, bob);
    const bobsTile = alice.page.getByRole('figure').filter({ hasText: 'Bob' });

    await bob.page.getByRole('button', { name: 'Mute' }).click();
    await bobsTile.getByText('muted').waitFor();
    await bob.page.getByRole('button', { name: 'Unmute' }).click();
    await bobsTile.getByText('muted').waitFor({ state: 'hidden' });
    await bob.page.getByRole('button', { name: 'Camera off' }).click();
    await alice.page.getByLabel("Bob's picture").waitFor({ state: 'hidden' });

    await bob.hangUp();
    await alice.seesText('Bob is gone');
    await alice.page.getByRole('heading', { name: 'You are alone in this room' }).waitFor();
    await bob.join();
    await expectConnected(alice, bob);
    await alice.seesMovingPicture('Bob');
  });

  test('two people again after one has reloaded, without a third picture', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room });
    await expectConnected(alice, bob);
    await bob.page.reload();
    await bob.join();
    await bob.seesMovingPicture('Alice');
    await alice.seesMovingPicture('Bob');
    expect(await alice.page.getByRole('figure').count()).toBe(2);
  });

  test('a duplicated tab as a third participant, while the call of the first tab continues', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room });
    await expectConnected(alice, bob);
    const opening = bob.page.waitForEvent('popup');
    await bob.page.evaluate('void window.open(location.href)');
    const copy = await opening;
    await copy.getByRole('button', { name: 'Join' }).click();
    await alice.line('connected with Bob').nth(1).waitFor();
    await bob.sendText('still here');
    await alice.seesText('still here');
    await alice.page.getByRole('figure').nth(2).waitFor();
  });

  test('three people, one with text only', async () => {
    const room = newRoom();
    const [alice, bob, carol] = [
      await Caller.join(browser(), url, { name: 'Alice', room }),
      await Caller.join(browser(), url, { name: 'Bob', room, media: 'A test picture and tone' }),
      await Caller.join(browser(), url, { name: 'Carol', room, media: 'Text only' }),
    ];
    await expectConnected(alice, carol);
    await expectConnected(bob, carol);
    await carol.seesMovingPicture('Alice');
    await carol.seesMovingPicture('Bob');
    await alice.seesMovingPicture('Bob');
  });
});
