import { beforeAll, expect, test } from '@jest/globals';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, openPage, sharedBrowser, takePicture } from './support/browser.ts';
import { Caller, expectConnected } from './support/caller.ts';

const browser = sharedBrowser({ deny: true });
let url: string;
beforeAll(async () => {
  ({ url } = await startService());
});

describeInBrowser('without a camera', () => {
  test('who is denied it reads what to do, and can join with a test picture', async () => {
    const room = newRoom();
    const alice = await Caller.arrive(browser(), url, { name: 'Alice', room });
    await alice.page.getByRole('button', { name: 'Join' }).click();
    await alice.page.getByRole('alert').filter({ hasText: 'was not allowed to use camera and microphone' }).waitFor();
    await takePicture(alice.page, 'demo-denied');
    await alice.page.getByLabel('A test picture and tone').check();
    await alice.join();
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, bring: 'Text only' });
    await expectConnected(alice, bob);
    await bob.sees('Alice');
    expect(await bob.page.getByRole('button', { name: 'No camera' }).isDisabled()).toBe(true);
  });

  test('two who bring nothing can write', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room, bring: 'Text only' });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, bring: 'Text only' });
    await expectConnected(alice, bob);
  });
});

describeInBrowser('the form', () => {
  test('is filled in and sent by keyboard alone, and hanging up leads back to it', async () => {
    const { page } = await openPage(browser());
    await page.goto(`${url}/demo`);
    const room = await page.getByLabel('Room', { exact: true }).inputValue();
    expect(room).toMatch(/^[a-z]+-[a-z]+-[a-z2-9]{8}$/);
    await page.getByLabel('Your name').press('End');
    await page.keyboard.type('Alice');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Hang up' }).waitFor();
    expect(new URL(page.url()).hash).toBe(`#${room}`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Start a call' }).waitFor();
    await page.locator('#join:focus').waitFor();
  });

  test('asks for an access token where the server wants one', async () => {
    const secured = await startService({ accessTokenSecret: '0123456789abcdef0123456789abcdef' });
    const alice = await Caller.arrive(browser(), secured.url, { name: 'Alice', room: newRoom(), bring: 'Text only' });
    await alice.page.getByRole('button', { name: 'Join' }).click();
    await alice.page.getByRole('alert').filter({ hasText: 'admits only who has an access token' }).waitFor();
    expect(await alice.page.getByLabel('Access token').isVisible()).toBe(true);
  });
});
