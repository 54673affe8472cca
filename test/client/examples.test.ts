import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { Call, type Mailbox } from '../../src/client/index.ts';
import { hasChromium, openPage, sharedBrowser } from '../demo/support/browser.ts';
import { onCleanUp } from '../support/clean-up.ts';
import { startService } from '../support/holdline.ts';
import { WAIT_TIMEOUT_MS } from '../support/wait-timeout.ts';
import { join } from './support/client.ts';
import { bundle, examples } from './support/examples.ts';
import { openConnection } from './support/rtc.ts';
import { typeErrors } from './support/type-check.ts';
import { NO_IDLE_TIMEOUT } from '../support/no-idle-timeout.ts';

/** Without permissions, a page of this browser gets neither camera nor microphone. */
const browser = sharedBrowser({ deny: true });
const ALLOWED = { permissions: ['camera', 'microphone'] };

/** A phone without a camera: what the example asks of the two packages until it finds that out. */
const WITHOUT_CAMERA = {
  'react-native': 'export const AppState = { addEventListener: () => undefined };',
  'react-native-webrtc': `
    export const mediaDevices = { getUserMedia: () => Promise.reject(new Error('NotFoundError')) };
    export class RTCPeerConnection { constructor() { throw new Error('needed before there is a camera'); } }`,
};

/** What react-native.ts exports for the called side. */
interface ReactNativeExample {
  enterRoom(roomId: string, name: string, onRing: (call: Call) => unknown): Promise<Mailbox>;
  answer(mailbox: Mailbox, call: Call, show: () => void): Promise<void>;
}

describe('the examples of docs/client.md', () => {
  test('are there', () => {
    expect(Object.keys(examples)).toEqual(['react-native.ts', 'browser.ts', 'node.ts']);
  });

  // react-native.ts is compiled where React Native is installed: test/react-native.
  test.each(['browser.ts', 'node.ts'])('%s passes the compiler', (name) => {
    const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    expect(typeErrors({ [name]: `${examples[name] ?? ''}\nexport {};` }, strictest)).toEqual([]);
  });

  test('react-native.ts follows the eight steps', () => {
    const steps = [...(examples['react-native.ts'] ?? '').matchAll(/\b([1-8])\. (\w+)/g)].map(([, step, what]) => [
      step,
      what,
    ]);
    const inOrder = steps.sort().map(([, what]) => what);
    expect(inOrder).toEqual(['Announce', 'Ring', 'Accept', 'offer', 'answer', 'candidates', 'Connected', 'over']);
  });

  test('react-native.ts rejects a call with user_media_failed when there is no camera', async () => {
    const { url } = await startService();
    const code = await bundle('react-native.ts', 'node', WITHOUT_CAMERA);
    const folder = mkdtempSync(joinPath(tmpdir(), 'holdline-example-'));
    onCleanUp(() => rmSync(folder, { recursive: true }));
    const file = joinPath(folder, 'react-native.mjs');
    writeFileSync(file, code.replace('https://signal.example.org', url));
    const app = (await import(file)) as ReactNativeExample;
    const phone = await app.enterRoom('room', 'Phone', (call) => app.answer(phone, call, () => undefined));
    onCleanUp(() => phone.leave());
    const caller = await join(url, 'caller');
    const call = Call.invite(caller, { to: phone.participantId, peerConnection: openConnection() });
    expect(await call.whenEnded).toEqual({ reason: 'user_media_failed', by: 'remote' });
  });

  test('node.ts runs: the greeting arrives, and both sides see the call through to its end', async () => {
    const { url } = await startService();
    const code = await bundle('node.ts', 'node');
    const env = { ...process.env, HOLDLINE_URL: url };
    const cwd = joinPath(import.meta.dirname, '../..');
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      env,
      cwd,
      timeout: WAIT_TIMEOUT_MS,
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
    const { url } = await startService();
    const page = await hostPage(await bundle('browser.ts', 'browser'));
    const address = `${page}?server=${encodeURIComponent(url)}&room=examples`;
    const [first, second] = [await openPage(browser(), ALLOWED), await openPage(browser(), ALLOWED)];
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
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  inBrowser('browser.ts rejects a call with user_media_failed when the user does not allow the camera', async () => {
    const { url } = await startService();
    const page = await hostPage(await bundle('browser.ts', 'browser'));
    const callee = await openPage(browser());
    const joined = callee.page.waitForResponse((answer) => answer.url().endsWith('/participants') && answer.ok());
    await callee.page.goto(`${page}?server=${encodeURIComponent(url)}&room=room`);
    await joined;
    const caller = await join(url, 'caller');
    const to = caller.participants.find(({ participantId }) => participantId !== 'caller')?.participantId ?? '';
    const call = Call.invite(caller, { to, peerConnection: openConnection() });
    expect(await call.whenEnded).toEqual({ reason: 'user_media_failed', by: 'remote' });
    expect(callee.errors).toEqual([]);
  });
});

/** A web server of the app, which knows nothing of Holdline. */
async function hostPage(script: string): Promise<string> {
  const html = '<!doctype html><video autoplay muted></video><video autoplay></video><button>Hang up</button>';
  const server = createServer(NO_IDLE_TIMEOUT, (req, res) => {
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
