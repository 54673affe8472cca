import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { newRoom } from '../../support/member.ts';
import { openPage } from '../../support/networks/browser.ts';
import { ENDPOINTS, type CorporateProxyNetwork } from '../../support/networks/corporate-proxy-network.ts';

const urlOf = (scheme: string, { host, port }: { host: string; port: number }) => `${scheme}://${host}:${port}/`;

/** @returns a function that returns the page of each browser, once these tests have run */
export function describeBrowsers(network: () => CorporateProxyNetwork): () => readonly [Page, Page] {
  let alice: Page;
  let bob: Page;
  describe('two browsers', () => {
    beforeAll(async () => {
      [alice, bob] = await Promise.all([
        openPage(network().alice, ENDPOINTS.squid),
        openPage(network().bob, ENDPOINTS.squid),
      ]);
    });

    test('get a WebSocket only where TLS hides it from squid, and no nginx has to know it', async () => {
      expect(await alice.evaluate(tryWebSocket(urlOf('ws', ENDPOINTS.webSocket)))).toBe('error');
      expect(await alice.evaluate(tryWebSocket(urlOf('wss', ENDPOINTS.webSocketBehindNginx)))).toBe('error');
      expect(await alice.evaluate(tryWebSocket(urlOf('wss', ENDPOINTS.webSocketBehindHaproxy)))).toBe('open');
    });

    test('meet in the demo: video and chat pass squid over TURN with and without TLS', async () => {
      const room = newRoom();
      await alice.addInitScript(onlyTurn('turns:'));
      await bob.addInitScript(onlyTurn('turn:'));
      await enter(alice, room, 'Alice');
      await enter(bob, room, 'Bob');
      await Promise.all([write(alice, 'Does anything get through?'), write(bob, 'We seem to manage.')]);
      await alice.getByText('We seem to manage.').waitFor();
      await bob.getByText('Does anything get through?').waitFor();
      await Promise.all([alice.evaluate(A_PICTURE), bob.evaluate(A_PICTURE)]);
      await alice.locator('#fact-media', { hasText: 'over a TURN relay, TLS' }).waitFor();
      await bob.locator('#fact-media', { hasText: 'over a TURN relay, TCP' }).waitFor();
    });
  });
  return () => [alice, bob];
}

// These are strings, since they run in the page.
const tryWebSocket = (url: string): string => `new Promise((resolve) => {
  const socket = new WebSocket('${url}');
  socket.onopen = socket.onerror = ({ type }) => resolve(type);
})`;

/** Limits the page to those TURN servers of the service that have one scheme. */
const onlyTurn = (scheme: string): string => `
  const ours = ({ urls, ...rest }) => ({ ...rest, urls: urls.filter((url) => url.startsWith('${scheme}')) });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor({ iceServers, ...rest }) {
      super({ ...rest, iceServers: iceServers.map(ours) });
    }
  };`;

/** Resolves with the next frame of the remote video. */
const A_PICTURE = `new Promise((resolve) => {
  document.querySelector('.tile:not(.own) video').requestVideoFrameCallback(() => resolve());
})`;

async function enter(page: Page, room: string, name: string): Promise<void> {
  await page.goto(`${urlOf('https', ENDPOINTS.nginx)}demo#${room}`);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

async function write(page: Page, text: string): Promise<void> {
  await page.locator('#chat-text:enabled').fill(text);
  await page.keyboard.press('Enter');
}
