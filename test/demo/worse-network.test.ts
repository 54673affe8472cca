import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, hasChromium, sharedBrowser, takePicture } from './support/browser.ts';
import { Caller, expectConnected } from './support/caller.ts';

const LAPTOP = { viewport: { width: 1280, height: 800 } } as const;
const PHONE = { width: 390, height: 844 };

/** Two people in one call for all tests: each test heals the network that it has made worse. */
const browser = sharedBrowser({ keepPages: true });
let alice: Caller;
let bob: Caller;
beforeAll(async () => {
  if (!hasChromium) return;
  const { url } = await startService();
  const room = newRoom();
  alice = await Caller.join(browser(), url, { name: 'Alice', room, media: 'Text only' }, LAPTOP);
  bob = await Caller.join(browser(), url, { name: 'Bob', room });
  await expectConnected(alice, bob);
  await expectTransport('socket');
  // From now on the timers of Alice's page can be turned on, so that no test waits for them.
  await alice.page.clock.install();
});
afterEach(async () => {
  if (!hasChromium) return;
  await expectCallGoesOn();
  expect([alice.watched.errors, bob.watched.errors]).toEqual([[], []]);
});

const row = ({ page }: Caller): Locator => page.getByRole('region', { name: 'Make my network worse' });
const button = (name: string, caller = alice): Locator => row(caller).getByRole('button', { name });
const told = (caller: Caller, sentence: string | RegExp): Locator => caller.panel.getByText(sentence);

/** The badge shows how messages are read. */
const expectTransport = (name: 'polling' | 'socket'): Promise<void> =>
  row(alice).getByText(`Messages are read by ${name}`).waitFor();

/** Turns on the timers of Alice's page until the sentence has been told once more: each turn ends a pause, or cuts a poll. */
async function turnUntil(sentence: string | RegExp): Promise<void> {
  const before = await told(alice, sentence).count();
  while ((await told(alice, sentence).count()) === before) await alice.page.clock.fastForward(5_000);
}

interface Ping {
  readonly from: Caller;
  readonly number: number;
}

const pings = new Map<Caller, number>();
const pingsOf = (caller: Caller): number => pings.get(caller) ?? 0;

async function ping(from: Caller): Promise<Ping> {
  await button('Ping', from).click();
  const number = pingsOf(from) + 1;
  pings.set(from, number);
  return { from, number };
}

/** Waits until a ping has gone through both mailboxes. Each page has shown it once. */
async function expectAnswered({ from, number }: Ping): Promise<void> {
  const to = from === alice ? bob : alice;
  const answer = told(from, `${to.name} answered ping ${number} after`);
  await answer.waitFor();
  expect(await answer.count()).toBe(1);
  expect(await told(to, `Ping ${number} from ${from.name} has arrived.`).count()).toBe(1);
}

/** Pictures move, text crosses, and no side has ever lost the connection. */
async function expectCallGoesOn(): Promise<void> {
  const text = `still here after ${pingsOf(alice)} pings`;
  await alice.sendText(text);
  await bob.seesText(text);
  await alice.seesMovingPicture('Bob');
  for (const caller of [alice, bob]) expect(await caller.line(/is lost|is gone/).count()).toBe(0);
}

describeInBrowser('a page that makes its own network worse keeps the call, and tells what happens:', () => {
  test('a WebSocket that is killed', async () => {
    await told(alice, 'The socket is proven: reading moved there.').waitFor();
    await expectAnswered(await ping(alice));
    await button('Kill the WebSocket').click();
    await told(alice, 'The WebSocket was killed.').waitFor();
    await told(alice, /^The socket closed: polling again after \d+ ms\.$/).waitFor();
    await expectTransport('polling');
    await expectAnswered(await ping(alice));
  });

  test('WebSockets that are blocked', async () => {
    await button('Block WebSockets').click();
    await told(alice, 'WebSockets are blocked: an open one is cut, and a new one fails.').waitFor();
    await turnUntil('A new WebSocket failed. The client polls on.');
    await expectAnswered(await ping(alice));
  });

  test('polls that are cut after 5 s', async () => {
    await button('Cut polls').click();
    await button('Cut polls').and(row(alice).locator('[aria-pressed=true]')).waitFor();
    await told(alice, 'The network now cuts every poll after 5 s').waitFor();
    await turnUntil(/^(Two polls|Polls) were cut .*: polls now end at [34] s\.$/);
    await told(alice, 'A poll was cut after 5 s. The client polls again.').first().waitFor();
    await expectAnswered(await ping(alice));
    await button('Cut polls').press('Enter');
    await button('Cut polls').and(row(alice).locator('[aria-pressed=false]')).waitFor();
    await row(alice)
      .getByRole('status')
      .getByText(/^The network cuts no more polls. The client stays at [34] s/)
      .waitFor();
  });

  test('answers that are lost', async () => {
    await button('Lose every third answer').click();
    const [stored, again] = [
      told(alice, 'The server recognised the repeated request: the message was stored once.'),
      told(alice, /^\d+ messages? of the lost answer came again\.$/),
    ];
    // Alice's ping is a send and then a poll of hers, and Bob's the other way round: each third answer is of either kind.
    while ((await stored.count()) === 0 || (await again.count()) === 0) {
      for (const caller of [alice, bob]) await expectAnswered(await ping(caller));
    }
    await told(alice, 'The answer to a send was lost. The client sends the same request again.').first().waitFor();
    await told(alice, /^The answer to a poll was lost\. \d+ messages? in it/)
      .first()
      .waitFor();
    await button('Lose every third answer').click();
    await told(alice, 'The network loses no more answers.').waitFor();
    await expectAnswered(await ping(alice));
  });

  test('a captive portal for 5 s', async () => {
    await button('Captive portal').click();
    await told(alice, 'A captive portal answers every request with its login page for 5 s.').waitFor();
    await told(alice, 'The client does not take the login page for an answer. It keeps trying.').waitFor();
    const sent = await ping(alice);
    await expectCallGoesOn();
    await takePicture(alice.page, 'demo-worse-network');
    await alice.page.clock.fastForward(5_000);
    await told(alice, 'The login page is gone.').waitFor();
    await told(alice, /^The server answers again, after .* The call went on all the while\.$/).waitFor();
    await expectAnswered(sent);
  });

  test('10 s offline', async () => {
    await button('Go offline').click();
    await alice.page.getByRole('alert').filter({ hasText: 'cannot be reached' }).waitFor();
    const sent = [await ping(alice), await ping(alice)];
    await expectCallGoesOn();
    await alice.page.clock.fastForward(10_000);
    await told(alice, 'Online again.').waitFor();
    await told(alice, /^The server answers again, after .* The call went on all the while\.$/)
      .nth(1)
      .waitFor();
    for (const number of sent) await expectAnswered(number);
    await row(alice)
      .getByText(`${pingsOf(alice)} of ${pingsOf(alice)} answered`)
      .waitFor();
  });

  test('a WebSocket that opens again', async () => {
    await button('Block WebSockets').click();
    await told(alice, /^WebSockets may open again\./).waitFor();
    // Polls that are cut end in time, however far the timers are turned.
    await button('Cut polls').click();
    await turnUntil('The client opens a WebSocket, and polls until it has proved itself.');
    await button('Cut polls').click();
    await expectTransport('socket');
    await expectAnswered(await ping(alice));
  });
});

describeInBrowser('the row that makes the network worse', () => {
  test('fits a phone', async () => {
    await alice.page.setViewportSize(PHONE);
    await alice.page.emulateMedia({ colorScheme: 'dark' });
    await takePicture(alice.page, 'demo-worse-network-phone-dark');
    expect(await alice.page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    await alice.page.setViewportSize(LAPTOP.viewport);
  });
});
