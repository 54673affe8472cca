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

describeInBrowser('two people who open the same link', () => {
  test('see, hear and write to each other, and watch how it came about', async () => {
    const room = newRoom();
    const alice = await Caller.arrive(browser(), url, { name: 'Alice', room }, LAPTOP);
    const bob = await Caller.arrive(browser(), url, { name: 'Bob', room }, { ...PHONE, colorScheme: 'dark' });
    await takePicture(alice.page, 'demo-lobby');
    await takePicture(bob.page, 'demo-lobby-phone-dark');
    await alice.join();
    await alice.page.getByRole('heading', { name: 'Nobody else is here yet' }).waitFor();
    expect(await alice.page.getByLabel('Link to this room').inputValue()).toBe(`${url}/demo#${room}`);
    await takePicture(alice.page, 'demo-alone');
    await bob.join();

    await expectConnected(alice, bob);
    await alice.sees('Bob');
    await bob.sees('Alice');
    for (const text of [/^offer (to|from) Alice/, /^answer (to|from) Alice/, /candidate to Alice/, /^poll held for/]) {
      await bob.panel.getByText(text).first().waitFor();
    }
    await bob.panel.getByText(/^direct.*, UDP, \d+ ms round trip/).waitFor();
    await bob.panel.getByText(/^held for \d+ s of at most 25/).waitFor();
    await takePicture(alice.page, 'demo-call');
    await takePicture(bob.page, 'demo-call-phone-dark');

    for (const { watched } of [alice, bob]) {
      expect(watched.complaints).toEqual([]);
      expect([...watched.origins]).toEqual([url]);
    }
  });

  test('notice who mutes, turns the camera off, hangs up and comes back', async () => {
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
    await alice.hears('Bob is gone');
    await alice.page.getByRole('heading', { name: 'Nobody else is here yet' }).waitFor();
    await bob.join();
    await expectConnected(alice, bob);
    await alice.sees('Bob');
  });

  test('stay one participant each when one of them reloads', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room });
    await expectConnected(alice, bob);
    await bob.page.reload();
    await bob.join();
    await bob.sees('Alice');
    await alice.sees('Bob');
    expect(await alice.page.getByRole('figure').count()).toBe(2);
  });

  test('a duplicated tab joins as a third participant, and the call of the first tab goes on', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room });
    await expectConnected(alice, bob);
    const opening = bob.page.waitForEvent('popup');
    await bob.page.evaluate('void window.open(location.href)');
    const copy = await opening;
    await copy.getByRole('button', { name: 'Join' }).click();
    await alice.line('connected with Bob').nth(1).waitFor();
    await bob.say('still here');
    await alice.hears('still here');
    await alice.page.getByRole('figure').nth(2).waitFor();
  });

  test('can be three', async () => {
    const room = newRoom();
    const [alice, bob, carol] = [
      await Caller.join(browser(), url, { name: 'Alice', room }),
      await Caller.join(browser(), url, { name: 'Bob', room, bring: 'A test picture and tone' }),
      await Caller.join(browser(), url, { name: 'Carol', room, bring: 'Text only' }),
    ];
    await expectConnected(alice, carol);
    await expectConnected(bob, carol);
    await carol.sees('Alice');
    await carol.sees('Bob');
    await alice.sees('Bob');
  });
});
