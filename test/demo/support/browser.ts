import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { ALLOW_DEVICES, FAKE_DEVICES, QUIET, TRUST_ALL } from '../../support/chromium.ts';
import { cleanUp, onCleanUp } from '../../support/clean-up.ts';
import { closeServices } from '../../support/holdline.ts';
import { WAIT_TIMEOUT_MS } from '../../support/wait-timeout.ts';

/** Debian's package, which `.ci/install-system` installs. */
const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);
if (!hasChromium) console.warn('SKIPPED: chromium is not installed, so no page was opened in a browser');

/** Another name of this machine. Unlike `localhost` and 127.0.0.1, it is not a secure context over plain HTTP. */
const OTHER_NAME = 'holdline.example';
const RESOLVE = `--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`;
/** The address of a local server, as a phone in the same network would use it. */
export const fromElsewhere = (url: string): string => url.replace('127.0.0.1', OTHER_NAME);

/** `describe`, skipped without a browser. */
export const describeInBrowser = hasChromium ? describe : describe.skip;

/**
 * One browser for all tests of a file. Pages close after each test, unless `keepPages` is true; everything else that the
 * file has started closes at its end.
 * @returns a function that returns the browser while tests run
 */
export function sharedBrowser({
  keepPages = false,
  ...options
}: Parameters<typeof openBrowser>[0] & { readonly keepPages?: boolean } = {}): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (hasChromium) browser = await openBrowser(options);
  });
  afterEach(async () => {
    if (keepPages) return;
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
  });
  afterAll(async () => {
    await cleanUp();
    await closeServices();
  });
  return () => {
    if (browser === undefined) throw new Error('the browser has not started yet');
    return browser;
  };
}

/**
 * A browser of its own for a test file.
 * @param options.deny whether it has devices, but the user refuses to share them
 * @param options.trustAll whether it accepts every certificate
 */
export async function openBrowser({ deny = false, trustAll = false } = {}): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    timeout: WAIT_TIMEOUT_MS,
    args: [...QUIET, RESOLVE, FAKE_DEVICES, ...(deny ? [] : [ALLOW_DEVICES]), ...(trustAll ? [TRUST_ALL] : [])],
  });
  onCleanUp(() => browser.close());
  return browser;
}

/** A page with its errors and the origins of its requests. */
export interface Watched {
  readonly page: Page;
  readonly errors: string[];
  readonly origins: Set<string>;
}

/** A page in a profile of its own, as on another machine. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT_TIMEOUT_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  const origins = new Set<string>();
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  // Failed requests and sockets are logged there, too; tests cause them on purpose.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/^(Failed to load resource|WebSocket connection to )/.test(message.text()))
      errors.push(message.text());
  });
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  return { page, errors, origins };
}

const folder = fileURLToPath(new URL('../../../.ci/out/screenshots/', import.meta.url));

/** For people to look at; no test compares it. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}${name}.png`, fullPage: true, animations: 'disabled' });
}
