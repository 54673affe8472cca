import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { Call, joinRoom, type PeerConnectionLike } from '../../src/client/index.ts';
import { openPeerConnection, type PeerConnection } from '../support/webrtc.ts';
import { TextRequest } from './xml-http-request.ts';

/** What app/entry.js leaves behind. */
interface App {
  readonly exported: readonly string[];
  converse(options: object, peerConnection: PeerConnectionLike): Promise<unknown>;
}

/**
 * Runs a bundle with the globals of React Native only: a `window` without events, and no `crypto`, `fetch`, `AbortController`,
 * `structuredClone`, `BroadcastChannel`, `navigator` or `document`.
 */
function load(bundle: string): App {
  const sandbox: Record<string, unknown> & { app?: App } = {
    setTimeout,
    clearTimeout,
    console,
    XMLHttpRequest: TextRequest,
  };
  sandbox.window = sandbox.global = sandbox;
  vm.runInNewContext(readFileSync(bundle, 'utf8'), sandbox, { filename: bundle });
  if (sandbox.app === undefined) throw new Error(`${bundle} does not run app/entry.js`);
  return sandbox.app;
}

const openConnection = () => openPeerConnection() as PeerConnection & PeerConnectionLike;

/** A bundle and a participant on Node greet each other, and hold a call over libwebrtc. */
export async function converse(bundle: string, baseUrl: string): Promise<void> {
  const app = load(bundle);
  deepEqual([...app.exported], ['Call', 'HoldlineError', 'joinRoom', 'Mesh']);

  const mailbox = await joinRoom({ baseUrl, roomId: 'room', participantId: 'node' });
  const greeting = new Promise((resolve) => {
    mailbox.on('message', async ({ from, type, payload }) => {
      if (type !== 'custom') return;
      await mailbox.send({ type: 'custom', to: from, payload: 'hello from Node' });
      resolve(payload);
    });
  });
  const ended = new Promise((resolve) => {
    Call.onInvite(mailbox, (call) => {
      call.accept(openConnection());
      call.on('ended', resolve);
    });
  });

  const peerConnection = openConnection();
  peerConnection.createDataChannel('channel');
  // An object of the bundle's realm is not deeply equal to one of ours.
  const said = JSON.stringify(await app.converse({ baseUrl }, peerConnection));
  deepEqual(JSON.parse(said), { greeting: 'hello from Node', connected: true });
  deepEqual(await greeting, 'hello from the bundle');
  deepEqual(await ended, { reason: 'user_hangup', by: 'remote' });
  await mailbox.leave();
}
