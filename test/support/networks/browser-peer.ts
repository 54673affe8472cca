import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { WAIT_TIMEOUT_MS } from '../wait-timeout.ts';

/** Runs in the page. */
const SCRIPT = `
  import { Call, joinRoom } from './src/client/index.ts';
  import { socket } from './src/client/socket.ts';
  import { TurnableTime } from './test/support/networks/turnable-time.ts';

  const peer = { time: new TurnableTime(), changes: [], received: [], sent: [], closed: 0, inUse: 0, heard: [] };
  class Watched extends WebSocket {
    constructor(url, protocol) {
      super(url, protocol);
      peer.inUse += 1;
      this.addEventListener('close', () => {
        peer.inUse -= 1;
        peer.closed += 1;
      });
    }
  }
  const open = () => {
    const { iceServers } = peer.mailbox;
    const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
    const channel = connection.createDataChannel('talk', { negotiated: true, id: 0 });
    channel.onopen = () => channel.send(peer.mailbox.participantId);
    channel.onmessage = ({ data }) => peer.heard.push(data);
    return connection;
  };
  Object.assign(peer, {
    async join(options) {
      const transports = [socket({ WebSocket: Watched })];
      const mailbox = (peer.mailbox = await joinRoom({ ...options, timers: peer.time, transports }));
      mailbox.on('transport', (change) => peer.changes.push(change));
      mailbox.on('message', ({ type, payload }) => type === 'custom' && peer.received.push(payload));
      Call.onInvite(mailbox, (call) => (peer.call = call).accept(open()));
    },
    callUp: (to) => (peer.call = Call.invite(peer.mailbox, { to, peerConnection: open() })).whenConnected,
    send(to) {
      peer.sent.push(peer.sent.length + 1);
      return peer.mailbox.send({ type: 'custom', to, payload: peer.sent.length });
    },
  });
  window.peer = peer;
`;

/** @returns the script in one file; it takes half a second to make, so tests share it */
export async function bundlePeer(): Promise<string> {
  const resolveDir = `${import.meta.dirname}/../../..`;
  const { outputFiles } = await build({ stdin: { contents: SCRIPT, resolveDir }, bundle: true, write: false });
  return outputFiles[0]?.text ?? '';
}

interface Place {
  /** Of the site that the page belongs to, and of the service. */
  readonly url: string;
  readonly roomId: string;
  readonly participantId: string;
}

/** A page with the client and `socket()`; it does what `RoutedPeer` does. */
export class BrowserPeer {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** @param script from `bundlePeer` */
  static async join(page: Page, script: string, { url, ...place }: Place): Promise<BrowserPeer> {
    page.setDefaultTimeout(WAIT_TIMEOUT_MS);
    await page.goto(`${url}/demo`);
    await page.evaluate(script);
    await page.evaluate(`peer.join(${JSON.stringify({ ...place, baseUrl: url })})`);
    return new BrowserPeer(page);
  }

  /** Evaluates an expression about `peer`, such as `peer.received`. */
  ask<Answer>(expression: string): Promise<Answer> {
    return this.#page.evaluate(expression);
  }

  /** Resolves once the expression is true. */
  async until(expression: string): Promise<void> {
    await this.#page.waitForFunction(expression);
  }
}
