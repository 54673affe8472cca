import { build } from 'esbuild';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { onCleanUp } from '../../support/clean-up.ts';
import { NO_IDLE_TIMEOUT } from '../../support/no-idle-timeout.ts';

/** Runs in the page: what a test asks of a tab. */
const SCRIPT = `
  import { Call, joinRoom } from './src/client/index.ts';
  const answer = () => new RTCPeerConnection();
  const slowClock = {
    setTimeout: (callback, delayMs) => setTimeout(callback, 100 * delayMs),
    clearTimeout: (timer) => clearTimeout(timer),
    now: () => Date.now() / 100,
  };
  Object.assign(window, {
    async join({ isClockSlow, ...options }) {
      window.mailbox = await joinRoom({ ...options, ...(isClockSlow && { timers: slowClock }) });
      return mailbox.participantId;
    },
    listen() {
      window.received = new Promise((resolve) => mailbox.on('message', ({ type, payload }) => type === 'custom' && resolve(payload)));
      Call.onInvite(mailbox, (call) => { window.call = call; call.accept(answer()); });
      return new Promise(() => undefined);
    },
    callUp(to) {
      const peerConnection = new RTCPeerConnection();
      peerConnection.createDataChannel('data');
      window.call = Call.invite(mailbox, { to, peerConnection });
      return call.whenConnected;
    },
  });
`;

const HTML = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>
  <a href="/" target="_blank" rel="opener">once more</a>`;

/** A web server of an app, whose page does with the client what a test asks for. @returns its address */
export async function hostClientPage(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: `${import.meta.dirname}/../../..` },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const script = outputFiles[0]?.contents ?? '';
  const server = createServer(NO_IDLE_TIMEOUT, (req, res) => {
    const isScript = req.url === '/script.js';
    res.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' }).end(isScript ? script : HTML);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** One tab with that page. */
export class ClientTab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** @returns the participant's id */
  async join(options: Readonly<Record<string, unknown>>, storage = false): Promise<string> {
    await this.page.waitForFunction('window.join');
    const json = JSON.stringify(options);
    return this.page.evaluate(`join({ ...${json}, ${storage ? 'storage: sessionStorage' : ''} })`);
  }

  /**
   * Reloads the page, and joins with the storage. The client's clock runs 100 times slower than time: the client waits
   * 1 s for the lock of the page before, and a browser under load takes longer to release it.
   * @returns the participant's id
   */
  async rejoin(options: Readonly<Record<string, unknown>>): Promise<string> {
    await this.page.reload();
    return this.join({ ...options, isClockSlow: true }, true);
  }

  /** Receives messages and accepts calls. Pending for as long as the page is there. */
  listen(): Promise<unknown> {
    return this.page.evaluate('listen()');
  }

  /** The next `custom` message after `listen()`. */
  get received(): Promise<unknown> {
    return this.page.evaluate('received');
  }

  send(to: string, payload: string): Promise<unknown> {
    return this.page.evaluate(`mailbox.send(${JSON.stringify({ type: 'custom', to, payload })})`);
  }

  /** @returns whether the call was connected */
  callUp(to: string): Promise<unknown> {
    return this.page.evaluate(`callUp('${to}')`);
  }
}
