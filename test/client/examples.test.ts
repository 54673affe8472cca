import { afterEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasChromium, openBrowser, openPage } from '../demo/support/browser.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { ServerProcess } from '../support/server-process.ts';
import { bundle, examples } from './support/examples.ts';
import { typeErrors } from './support/type-check.ts';

afterEach(cleanUp);

const REACT_NATIVE = ['test/client/examples/react-native.d.ts'];

describe('the examples of docs/client.md', () => {
  test('are there', () => {
    expect(Object.keys(examples)).toEqual(['react-native.ts', 'browser.ts', 'node.ts']);
  });

  test.each(['react-native.ts', 'browser.ts', 'node.ts'])('%s passes the compiler', (name) => {
    const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    expect(typeErrors({ [name]: `${examples[name] ?? ''}\nexport {};` }, strictest, REACT_NATIVE)).toEqual([]);
  });

  test('react-native.ts follows the eight steps', () => {
    const steps = [...(examples['react-native.ts'] ?? '').matchAll(/\b([1-8])\. (\w+)/g)].map(([, step, what]) => [
      step,
      what,
    ]);
    const inOrder = steps.sort().map(([, what]) => what);
    expect(inOrder).toEqual(['Announce', 'Ring', 'Accept', 'offer', 'answer', 'candidates', 'Connected', 'over']);
  });

  test('node.ts runs: the greeting arrives, and both sides see the call through to its end', async () => {
    const { url } = await ServerProcess.start();
    const code = await bundle('node.ts', 'node');
    const env = { ...process.env, HOLDLINE_URL: url };
    const cwd = join(import.meta.dirname, '../..');
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      env,
      cwd,
      timeout: PATIENCE_MS,
    });
    const { stdout } = await run;
    expect(stdout.trim().split('\n')).toEqual([
      'ringing',
      'connecting',
      'connected',
      'alice says: hello',
      'ended',
      'over: user_hangup (remote)',
    ]);
  });

  const inBrowser = hasChromium ? test : test.skip;
  inBrowser('browser.ts runs: two pages of another origin see each other, one is reloaded, one hangs up', async () => {
    const { url } = await ServerProcess.start();
    const page = await hostPage(await bundle('browser.ts', 'browser'));
    const address = `${page}?server=${encodeURIComponent(url)}&room=examples`;
    const browser = await openBrowser();
    const [first, second] = [await openPage(browser), await openPage(browser)];
    const joined = first.page.waitForResponse((answer) => answer.url().endsWith('/participants') && answer.ok());
    await first.page.goto(address);
    await joined;
    await second.page.goto(address);
    const seesTheOther = `document.querySelectorAll('video')[1].videoWidth > 0`;
    await Promise.all([first, second].map((one) => one.page.waitForFunction(seesTheOther)));
    await second.page.reload();
    await second.page.waitForFunction(seesTheOther);
    await second.page.getByRole('button').click();
    await first.page.waitForFunction(`document.title.endsWith(': ended')`);
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });
});

/** A web server of the app, which knows nothing of Holdline. */
async function hostPage(script: string): Promise<string> {
  const html = '<!doctype html><video autoplay muted></video><video autoplay></video><button>Hang up</button>';
  const server = createServer((req, res) => {
    const isScript = req.url === '/app.js';
    res.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
    res.end(isScript ? script : `${html}<link rel="icon" href="data:,"><script type="module" src="/app.js"></script>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
