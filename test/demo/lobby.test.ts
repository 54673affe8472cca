import { beforeAll, expect, test } from '@jest/globals';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, fromElsewhere, openPage, sharedBrowser, takePicture } from './support/browser.ts';
import { Caller, expectConnected, expectFocus } from './support/caller.ts';

const browser = sharedBrowser({ deny: true });
let url: string;
beforeAll(async () => {
  ({ url } = await startService());
});

describeInBrowser('without a camera', () => {
  test('a user who denies access reads what to do, and can join with a test picture', async () => {
    const room = newRoom();
    const alice = await Caller.arrive(browser(), url, { name: 'Alice', room });
    await alice.page.getByRole('button', { name: 'Join' }).click();
    await alice.page.getByRole('alert').filter({ hasText: 'was not allowed to use camera and microphone' }).waitFor();
    await takePicture(alice.page, 'demo-denied');
    await alice.page.getByLabel('A test picture and tone').check();
    await alice.join();
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, media: 'Text only' });
    await expectConnected(alice, bob);
    await bob.seesMovingPicture('Alice');
    expect(await bob.page.getByRole('button', { name: 'No camera' }).isDisabled()).toBe(true);
  });

  test('two users without media can exchange text', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room, media: 'Text only' });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, media: 'Text only' });
    await expectConnected(alice, bob);
  });
});

describeInBrowser('the join form', () => {
  test('keeps a name typed before the script has run; until then its buttons are disabled', async () => {
    const { page } = await openPage(browser());
    const scriptIsAsked = Promise.withResolvers<() => void>();
    await page.route('**/main.js', (route) => scriptIsAsked.resolve(() => void route.continue()));
    await page.goto(`${url}/demo#${newRoom()}`, { waitUntil: 'commit' });
    const sendScript = await scriptIsAsked.promise;
    await page.getByLabel('Your name').fill('Alice');
    for (const name of ['Share link', 'Check camera and microphone', 'Join']) {
      expect(await page.getByRole('button', { name }).isDisabled()).toBe(true);
    }
    sendScript();
    await page.getByLabel('Text only').check();
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('button', { name: 'Hang up' }).waitFor();
    expect(await page.getByLabel('Your name').inputValue()).toBe('Alice');
  });

  test('is filled in and sent by keyboard alone, and a second press of Enter does not hang up', async () => {
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
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Hang up' }).waitFor();
    expect(new URL(page.url()).hash).toBe(`#${room}`);
    await expectFocus(page, 'heading', `Call in the room ${room}`);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expectFocus(page, 'textbox', 'Link to this room');
  });

  test('is shown again after hanging up, and a second press of Enter does not join again', async () => {
    const alice = await Caller.join(browser(), url, { name: 'Alice', room: newRoom(), media: 'Text only' });
    await alice.page.getByRole('button', { name: 'Hang up' }).press('Enter');
    await expectFocus(alice.page, 'heading', 'Start a call');
    await alice.page.keyboard.press('Enter');
    await alice.page.keyboard.press('Tab');
    await expectFocus(alice.page, 'textbox', 'Your name');
  });

  test('keeps the focus on Join when joining fails', async () => {
    const alice = await Caller.arrive(browser(), url, { name: 'Alice', room: newRoom() });
    await alice.page.getByRole('button', { name: 'Join' }).press('Enter');
    await alice.page.getByRole('alert').filter({ hasText: 'was not allowed to use' }).waitFor();
    await expectFocus(alice.page, 'button', 'Join');
  });

  test('asks for an access token when the server requires one', async () => {
    const secured = await startService({ accessTokenSecret: '0123456789abcdef0123456789abcdef' });
    const alice = await Caller.arrive(browser(), secured.url, { name: 'Alice', room: newRoom(), media: 'Text only' });
    await alice.page.getByRole('button', { name: 'Join' }).click();
    await alice.page.getByRole('alert').filter({ hasText: 'requires an access token' }).waitFor();
    await expectFocus(alice.page, 'textbox', 'Access token');
  });
});

describeInBrowser('over plain http from another machine', () => {
  test('the test picture is preselected with the reason, and is shown in the call', async () => {
    const room = newRoom();
    const { page, errors } = await openPage(browser());
    await page.goto(`${fromElsewhere(url)}/demo#${room}`);
    expect(await page.getByLabel('A test picture and tone').isChecked()).toBe(true);
    await page.getByRole('group', { name: 'Join with' }).getByText('only to pages loaded over https://').waitFor();
    await page.getByLabel('Your picture').waitFor();
    await takePicture(page, 'demo-lobby-plain-http');
    await page.getByRole('button', { name: 'Join' }).click();
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, media: 'Text only' });
    await bob.seesMovingPicture('Guest');
    // Chromium reports for every page over plain HTTP that it ignores this header.
    expect(errors.filter((text) => !text.includes('Cross-Origin-Opener-Policy'))).toEqual([]);
  });

  test('choosing the camera shows why it is not available', async () => {
    const { page } = await openPage(browser());
    await page.goto(`${fromElsewhere(url)}/demo#${newRoom()}`);
    await page.getByLabel('Camera and microphone').check();
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('alert').filter({ hasText: 'Or join with the test picture' }).waitFor();
  });
});
