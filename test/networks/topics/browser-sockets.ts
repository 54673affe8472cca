import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { newRoom } from '../../support/member.ts';
import { BrowserPeer, bundlePeer } from '../../support/networks/browser-peer.ts';
import { ENDPOINTS, type CorporateProxyNetwork } from '../../support/networks/corporate-proxy-network.ts';

/** Without a frame for this long, a socket is dead: the server's heartbeat and 15 s. */
const SILENCE_MS = 35_000;
/** Less than a poll is held. */
const STEP_MS = 20_000;

type Pair = readonly [BrowserPeer, BrowserPeer];

/** Two Chromiums with `socket()` in a call over TURN. */
export function describeBrowserSockets(network: () => CorporateProxyNetwork, pages: () => readonly [Page, Page]): void {
  describe('two browsers with socket()', () => {
    let script: string;

    beforeAll(async () => {
      script = await bundlePeer();
      // Ends what they were doing.
      await Promise.all(pages().map((page) => page.goto('about:blank')));
    });

    test.each([
      { words: 'squid', url: `http://${ENDPOINTS.holdline.host}` },
      { words: 'a tunnel of squid and an nginx without upgrade headers', url: `https://${ENDPOINTS.nginx.host}` },
    ])('keep polling by $words, and their call connects and lives', async ({ url }) => {
      const pair = await join(url);
      await call(pair);
      await Promise.all(pair.map((peer) => peer.until('peer.closed > 0')));
      await sendBothWays(pair);
      await end(pair, []);
    });

    test('read by sockets in an open network, poll when it closes, and read by sockets again, in one call', async () => {
      network().machines.allow(ENDPOINTS.holdline);
      const pair = await join(`http://${ENDPOINTS.holdline.host}`, ENDPOINTS.holdline.host);
      await call(pair);
      await Promise.all(pair.map((peer) => peer.until(IS_SOCKET)));
      const open = close();
      await send(pair);
      await onBoth(pair, `peer.time.turn(${SILENCE_MS})`);
      await receive(pair);
      // The one that was lost, and one that squid does not upgrade.
      await letTimePass(pair, 'peer.closed >= 2');
      open();
      await letTimePass(pair, IS_SOCKET);
      await end(pair, ['proven', 'silent', 'proven']);
    });

    /** @param bypass a host to which the browsers connect without squid */
    async function join(url: string, bypass?: string): Promise<Pair> {
      const { host, port } = ENDPOINTS.squid;
      // Playwright evaluates text in the page, which the page's policy forbids.
      const profile = {
        bypassCSP: true,
        proxy: { server: `http://${host}:${port}`, ...(bypass !== undefined && { bypass }) },
      };
      const roomId = newRoom();
      const open = async (page: Page, participantId: string): Promise<BrowserPeer> =>
        BrowserPeer.join(await browserOf(page).newPage(profile), script, { url, roomId, participantId });
      return [await open(pages()[0], 'alice'), await open(pages()[1], 'bob')];
    }

    /** The open network becomes a closed one. @returns a function that opens it */
    function close(): () => void {
      const { machines, alice, bob } = network();
      const open = machines.intercept(ENDPOINTS.holdline, ENDPOINTS.interceptingSquid);
      for (const client of [alice, bob]) machines.loseConnections(client, ENDPOINTS.holdline);
      return open;
    }
  });
}

const IS_SOCKET = `peer.mailbox.transport === 'socket'`;

function browserOf(page: Page): Browser {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the browser is closed');
  return browser;
}

/** A call of the first to the second; each hears the other. */
async function call(pair: Pair): Promise<void> {
  expect(await pair[0].ask(`peer.callUp('bob')`)).toBe(true);
  await pair[0].until(`peer.heard.includes('bob')`);
  await pair[1].until(`peer.heard.includes('alice')`);
}

const onBoth = (pair: Pair, expression: string): Promise<readonly unknown[]> =>
  Promise.all(pair.map((peer) => peer.ask(expression)));

/** Each sends a number, and both arrive. */
async function sendBothWays(pair: Pair): Promise<void> {
  await send(pair);
  await receive(pair);
}

async function send([alice, bob]: Pair): Promise<void> {
  await Promise.all([alice.ask(`peer.send('bob')`), bob.ask(`peer.send('alice')`)]);
}

async function receive(pair: Pair): Promise<void> {
  for (const peer of pair) await peer.until('peer.received.length === peer.sent.length');
}

/** Messages end the polls of each step, before the client takes them for lost. An attempt takes as long as it takes. */
async function letTimePass(pair: Pair, isOver: string): Promise<void> {
  while (!(await onBoth(pair, isOver)).every((is) => is === true)) {
    await onBoth(pair, `peer.time.turn(${STEP_MS}, () => peer.inUse > 0)`);
    for (const peer of pair) await peer.until(`peer.inUse === 0 || ${IS_SOCKET}`);
    await sendBothWays(pair);
  }
}

/** Each message arrived once, in order; the mailboxes were read in these ways; the call is alive. */
async function end(pair: Pair, reasons: readonly string[]): Promise<void> {
  await sendBothWays(pair);
  for (const peer of pair) {
    expect(await peer.ask('peer.received')).toEqual(await peer.ask('peer.sent'));
    expect(await peer.ask('peer.changes.map(({ reason }) => reason)')).toEqual(reasons);
    expect(await peer.ask('peer.call.state')).toBe('connected');
  }
  await onBoth(pair, 'peer.mailbox.leave()');
}
