import { beforeAll, expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, sharedBrowser } from './support/browser.ts';
import { Caller, expectConnected, expectFocus } from './support/caller.ts';

const browser = sharedBrowser();
let url: string;
beforeAll(async () => {
  ({ url } = await startService());
});

const control = ({ page }: Caller, name: string): Locator =>
  page.getByRole('group', { name: 'Call' }).getByRole('button', { name, exact: true });

/** Simulates a lost device or permission: no event is fired when a page stops a track itself. */
const endDevice = ({ page }: Caller, kind: 'audio' | 'video'): Promise<void> =>
  page.getByLabel('Your picture').last().evaluate(endTracks, kind);

interface Track extends EventTarget {
  readonly kind: string;
  stop(): void;
}

/** Runs in the page. */
function endTracks(element: unknown, kind: string): void {
  const { srcObject } = element as { srcObject: { getTracks(): Track[] } };
  for (const track of srcObject.getTracks()) {
    if (track.kind !== kind) continue;
    track.stop();
    track.dispatchEvent(new Event('ended'));
  }
}

describeInBrowser('the buttons for microphone and camera', () => {
  test('show their action in the label alone, also in a second call', async () => {
    const alice = await Caller.join(browser(), url, { name: 'Alice', room: newRoom() });
    await control(alice, 'Mute').press('Enter');
    await control(alice, 'Unmute').waitFor();
    await control(alice, 'Camera off').press('Enter');
    await control(alice, 'Camera on').waitFor();
    expect(await alice.page.getByRole('group', { name: 'Call' }).locator('[aria-pressed]').count()).toBe(0);
    await alice.hangUp();
    await alice.join();
    await control(alice, 'Mute').waitFor();
    await control(alice, 'Camera off').waitFor();
  });

  test('show on both sides that a device has stopped, and keep the focus', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room });
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, media: 'Text only' });
    await expectConnected(alice, bob);
    await bob.seesMovingPicture('Alice');
    await control(alice, 'Camera off').focus();
    await endDevice(alice, 'video');
    await alice.seesText('your camera has stopped');
    await bob.page.getByLabel("Alice's picture").waitFor({ state: 'hidden' });
    await expectFocus(alice.page, 'button', 'No camera');
    expect(await control(alice, 'No camera').isDisabled()).toBe(true);
    await alice.page.keyboard.press('Enter');
    await control(alice, 'No camera').waitFor();
    await endDevice(alice, 'audio');
    await control(alice, 'No microphone').waitFor();
    await bob.page.getByRole('figure').filter({ hasText: 'Alice' }).getByText('muted').waitFor();
  });
});

describeInBrowser('the keyboard focus', () => {
  test('stays in the call when a join hides the link, and in the message field when the other leaves', async () => {
    const room = newRoom();
    const alice = await Caller.join(browser(), url, { name: 'Alice', room, media: 'Text only' });
    await alice.page.getByRole('button', { name: 'Copy' }).focus();
    const bob = await Caller.join(browser(), url, { name: 'Bob', room, media: 'Text only' });
    await expectFocus(alice.page, 'heading', `Call in the room ${room}`);
    await expectConnected(alice, bob);
    await alice.page.getByRole('textbox', { name: 'Message' }).fill('half a sentence');
    await bob.hangUp();
    await alice.page.getByPlaceholder('No one is connected yet').waitFor();
    await alice.page.keyboard.press('Enter');
    await expectFocus(alice.page, 'textbox', 'Message');
    expect(await alice.page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('half a sentence');
  });

  test('moves to the picture after a successful camera check', async () => {
    const alice = await Caller.arrive(browser(), url, { name: 'Alice', room: newRoom() });
    await alice.page.getByRole('button', { name: 'Check camera and microphone' }).press('Enter');
    await alice.page.locator('video:focus').waitFor();
    await alice.page.keyboard.press('Enter');
    expect(await alice.page.getByRole('button', { name: 'Join' }).textContent()).toBe('Join');
  });
});
