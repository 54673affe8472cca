import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { openPage, type Watched } from './browser.ts';

interface Guest {
  readonly name: string;
  readonly room: string;
  readonly bring?: 'Camera and microphone' | 'A test picture and tone' | 'Text only';
}

/** Somebody at the demo page, who uses it by what can be seen and read out. */
export class Caller {
  readonly page: Page;
  readonly watched: Watched;
  readonly #guest: Guest;

  private constructor(watched: Watched, guest: Guest) {
    this.watched = watched;
    this.page = watched.page;
    this.#guest = guest;
  }

  /** Opens the link to the room and fills in the form. */
  static async arrive(
    browser: Browser,
    url: string,
    guest: Guest,
    options: BrowserContextOptions = {},
  ): Promise<Caller> {
    const caller = new Caller(await openPage(browser, options), guest);
    await caller.page.goto(`${url}/demo#${guest.room}`);
    await caller.page.getByLabel('Your name').fill(guest.name);
    await caller.page.getByLabel(guest.bring ?? 'Camera and microphone').check();
    return caller;
  }

  static async join(...arrival: Parameters<typeof Caller.arrive>): Promise<Caller> {
    const caller = await Caller.arrive(...arrival);
    await caller.join();
    return caller;
  }

  async join(): Promise<void> {
    await this.page.getByRole('button', { name: 'Join' }).click();
    await this.page.getByRole('button', { name: 'Hang up' }).waitFor();
  }

  get name(): string {
    return this.#guest.name;
  }

  /** The line in the chat and in the log of events. */
  line(text: string | RegExp): Locator {
    return this.page.getByRole('log').getByText(text);
  }

  /** The signalling panel. */
  get panel(): Locator {
    return this.page.getByRole('region', { name: /^Signalling/ });
  }

  async say(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Message' }).fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
  }

  async hears(text: string): Promise<void> {
    await this.line(text).last().waitFor();
  }

  /** Resolves once the other's picture moves. */
  async sees(name: string): Promise<void> {
    await this.page.getByLabel(`${name}'s picture`).evaluate(fiveFrames);
  }

  async hangUp(): Promise<void> {
    await this.page.getByRole('button', { name: 'Hang up' }).click();
    await this.page.getByRole('heading', { name: 'Start a call' }).waitFor();
  }
}

interface Video {
  requestVideoFrameCallback(callback: () => void): void;
}

/** Runs in the page. */
function fiveFrames(element: unknown): Promise<void> {
  const video = element as Video;
  return new Promise((resolve) => {
    let frames = 0;
    const next = (): void => {
      frames += 1;
      if (frames === 5) resolve();
      else video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  });
}

/** Connected by what both say, and what one writes the other reads. */
export async function expectConnected(a: Caller, b: Caller): Promise<void> {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await one.hears(`connected with ${other.name}`);
    await one.say(`hello from ${one.name}`);
    await other.hears(`hello from ${one.name}`);
  }
}

/** Waits until the element with the role and name has the focus. */
export async function expectFocus(page: Page, role: Parameters<Page['getByRole']>[0], name: string): Promise<void> {
  await page.getByRole(role, { name, exact: true }).and(page.locator(':focus')).waitFor({ state: 'attached' });
}
