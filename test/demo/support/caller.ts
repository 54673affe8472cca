import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { openPage, type Watched } from './browser.ts';

interface Arrival {
  readonly name: string;
  readonly room: string;
  readonly media?: 'Camera and microphone' | 'A test picture and tone' | 'Text only';
}

/** A user of the demo page, driven by roles and labels as assistive technology sees them. */
export class Caller {
  readonly page: Page;
  readonly watched: Watched;
  readonly #arrival: Arrival;

  private constructor(watched: Watched, arrival: Arrival) {
    this.watched = watched;
    this.page = watched.page;
    this.#arrival = arrival;
  }

  /** Opens the link to the room and fills in the form. */
  static async arrive(
    browser: Browser,
    url: string,
    arrival: Arrival,
    options: BrowserContextOptions = {},
  ): Promise<Caller> {
    const caller = new Caller(await openPage(browser, options), arrival);
    await caller.page.goto(`${url}/demo#${arrival.room}`);
    await caller.page.getByLabel('Your name').fill(arrival.name);
    await caller.page.getByLabel(arrival.media ?? 'Camera and microphone').check();
    return caller;
  }

  static async join(...args: Parameters<typeof Caller.arrive>): Promise<Caller> {
    const caller = await Caller.arrive(...args);
    await caller.join();
    return caller;
  }

  async join(): Promise<void> {
    await this.page.getByRole('button', { name: 'Join' }).click();
    await this.page.getByRole('button', { name: 'Hang up' }).waitFor();
  }

  get name(): string {
    return this.#arrival.name;
  }

  /** The line in the chat and in the log of events. */
  line(text: string | RegExp): Locator {
    return this.page.getByRole('log').getByText(text);
  }

  /** The signalling panel. */
  get panel(): Locator {
    return this.page.getByRole('region', { name: /^Signalling/ });
  }

  async sendText(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Message' }).fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
  }

  async seesText(text: string): Promise<void> {
    await this.line(text).last().waitFor();
  }

  /** Resolves once the other's picture moves. */
  async seesMovingPicture(name: string): Promise<void> {
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

/** Both pages report the connection, and each receives the other's text. */
export async function expectConnected(a: Caller, b: Caller): Promise<void> {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await one.seesText(`connected with ${other.name}`);
    await one.sendText(`hello from ${one.name}`);
    await other.seesText(`hello from ${one.name}`);
  }
}

/** Waits until the element with the role and name has the focus. */
export async function expectFocus(page: Page, role: Parameters<Page['getByRole']>[0], name: string): Promise<void> {
  await page.getByRole(role, { name, exact: true }).and(page.locator(':focus')).waitFor({ state: 'attached' });
}
