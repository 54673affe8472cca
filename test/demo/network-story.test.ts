import { afterEach, describe, expect, test } from '@jest/globals';
import { BadNetwork } from '../../demo/call/bad-network.ts';
import { NetworkStory } from '../../demo/call/network-story.ts';
import { joinRoom, type Mailbox } from '../../src/client/index.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { record } from '../client/support/client.ts';
import { batch, forever, HostileServer, html, json, message } from '../client/support/hostile-server.ts';
import { FakeSocket } from './support/fake-socket.ts';

afterEach(cleanUp);

interface Scene {
  readonly server: HostileServer;
  readonly network: BadNetwork;
  readonly mailbox: Mailbox;
  readonly story: NetworkStory;
  readonly sentences: string[];
}

/** The real client behind a bad network, in virtual time, and the story of both. One call is connected. */
async function begin(server = new HostileServer()): Promise<Scene> {
  const { options, time } = server;
  const network = new BadNetwork({ fetch: server.fetch, WebSocket: FakeSocket, timers: time });
  const mailbox = await joinRoom({ ...options, fetch: network.fetch });
  const sentences: string[] = [];
  const source = { mailbox, connectedCalls: () => 1, now: () => time.now() };
  const story = new NetworkStory(source, (sentence) => sentences.push(sentence));
  network.on((event) => story.onNetwork(event));
  mailbox.on('exchange', (exchange) => story.onExchange(exchange));
  mailbox.on('state', (state) => story.onState(state));
  mailbox.on('error', (error) => story.onError(error));
  record(mailbox);
  onCleanUp(() => mailbox.close());
  await time.advance(0);
  return { server, network, mailbox, story, sentences };
}

/** The sentences of the panel while the time passes. */
async function toldIn({ server, sentences }: Scene, durationMs: number): Promise<string[]> {
  const before = sentences.length;
  await server.time.advance(durationMs);
  return sentences.slice(before);
}

describe('the story of cut polls', () => {
  test('tells each cut, and the window that the client learns', async () => {
    const scene = await begin();
    const { network, sentences } = scene;
    network.switch('cut-polls', true);
    expect(sentences).toEqual(['The network now cuts every poll after 5 s, as some proxies do.']);
    const cut = 'A poll was cut after 5 s. The client polls again.';
    expect(await toldIn(scene, 15_000)).toEqual([cut, cut, 'Two polls were cut at 5 s: polls now end at 4 s.']);
    expect(await toldIn(scene, 60_000)).toEqual([]);
    network.switch('cut-polls', false);
    expect(sentences.at(-1)).toBe(
      'The network cuts no more polls. The client stays at 4 s for half an hour, or until the device comes back online.',
    );
  });

  test('tells both ages when they differ, and that polls may be long again', async () => {
    const scene = await begin();
    await toldIn(scene, 10_200);
    scene.network.switch('cut-polls', true);
    expect(await toldIn(scene, 15_000)).toEqual([
      'A poll was cut after 10.2 s. The client polls again.',
      'A poll was cut after 5 s. The client polls again.',
      'Polls were cut after 10.2 s and 5 s: polls now end at 4 s.',
    ]);
    scene.mailbox.wake();
    expect(await toldIn(scene, 0)).toEqual(['Polls may be held for 25 s again.']);
    scene.network.switch('cut-polls', false);
    expect(scene.sentences.at(-1)).toBe('The network cuts no more polls.');
  });

  test('tells that the server has shortened a poll by itself', async () => {
    const scene = await begin();
    scene.server.on('poll', async () => {
      await scene.server.time.after(4_000);
      return json(200, { messages: [], cursor: 'c0', more: false, expired: 0, waitSeconds: 4 });
    });
    expect(await toldIn(scene, 60_000)).toEqual([
      'The server ended a poll after 4 s by itself: it has noticed the cuts, too.',
    ]);
  });
});

describe('the story of lost answers', () => {
  test('tells that a repeated send was stored once', async () => {
    const scene = await begin();
    const { server, network, mailbox, sentences } = scene;
    server.script(
      'send',
      () => json(201, { receipts: [server.receipt()] }),
      () => json(201, { receipts: [server.receipt()] }),
      () => json(201, { receipts: [server.receipt()] }),
      () => json(201, { receipts: [server.receipt()] }, { 'Idempotency-Replayed': 'true' }),
    );
    network.switch('lose-answers', true);
    for (const payload of [1, 2, 3]) {
      void mailbox.send({ type: 'custom', payload });
      await server.time.advance(0);
    }
    expect(sentences).toEqual([
      'The network now loses every third answer. Requests still reach the server.',
      'The answer to a send was lost. The client sends the same request again.',
    ]);
    expect(await toldIn(scene, 2_000)).toEqual([
      'The server recognised the repeated request: the message was stored once.',
    ]);
    network.switch('lose-answers', false);
    expect(sentences.at(-1)).toBe('The network loses no more answers.');
  });

  test('tells that the messages of a lost poll came again, and takes it for no cut', async () => {
    const server = new HostileServer();
    const two = batch('c1', message('custom'), message('custom'));
    server.script(
      'poll',
      () => server.time.after(1_000).then(() => two),
      () => two,
      () => forever(),
    );
    const scene = await begin(server);
    scene.network.switch('lose-answers', true);
    await scene.mailbox.send({ type: 'custom' });
    await scene.mailbox.send({ type: 'custom' });
    expect(await toldIn(scene, 3_000)).toEqual([
      'The answer to a poll was lost. 2 messages in it: the next poll asks from the same place.',
      '2 messages of the lost answer came again.',
    ]);
  });
});

test('the story of lost polls does not call them cut when the client takes them for it', async () => {
  const scene = await begin();
  scene.network.switch('lose-answers', true);
  await toldIn(scene, 200_000);
  expect(scene.sentences).toContain('Two polls got no answer at 24.3 s: polls now end at 21 s.');
});

describe('the story of the socket', () => {
  test('tells the attempt, the proof, the loss, and how soon the client polls again', async () => {
    const scene = await begin();
    const { network, story, mailbox, sentences } = scene;
    new network.WebSocket('ws://hostile/', 'holdline.v1');
    story.onTransport({ transport: 'socket', reason: 'proven' });
    network.killSockets();
    story.onTransport({ transport: 'poll', reason: 'closed' });
    await scene.server.time.advance(12);
    mailbox.wake();
    await scene.server.time.advance(0);
    expect(sentences).toEqual([
      'The client opens a WebSocket, and polls until it has proved itself.',
      'The socket is proven: reading moved there.',
      'The WebSocket was killed.',
      'The socket closed: polling again after 12 ms.',
    ]);
    network.killSockets();
    expect(sentences.at(-1)).toBe('No WebSocket is open, so there is nothing to kill.');
  });

  test('tells why the server ended the reading', async () => {
    const scene = await begin();
    scene.story.onTransport({ transport: 'poll', reason: 'shutting-down' });
    scene.mailbox.wake();
    expect(await toldIn(scene, 0)).toEqual([
      'The server ended the reading by the socket (shutting-down): polling again after 0 ms.',
    ]);
  });

  test('tells that sockets are blocked, and how long the client remembers three failures', async () => {
    const { network, sentences } = await begin();
    const fail = () => new network.WebSocket('ws://hostile/', 'holdline.v1');
    network.switch('block-sockets', true);
    fail();
    network.switch('block-sockets', false);
    expect(sentences).toEqual([
      'WebSockets are blocked: an open one is cut, and a new one fails.',
      'A new WebSocket failed. The client polls on.',
      'WebSockets may open again.',
    ]);
    network.switch('block-sockets', true);
    fail();
    fail();
    network.switch('block-sockets', false);
    expect(sentences.at(-1)).toBe(
      'WebSockets may open again. The client tries again half an hour after the last attempt, or once the device comes back online.',
    );
  });

  test('tells that no poll can be cut while the socket reads', async () => {
    const { network, mailbox, sentences } = await begin();
    Object.defineProperty(mailbox, 'transport', { value: 'socket' });
    network.switch('cut-polls', true);
    expect(sentences).toEqual([
      'The network now cuts every poll after 5 s, as some proxies do. The socket reads, so there is none: block WebSockets, too.',
    ]);
  });
});

describe('the story of an outage', () => {
  test('by a captive portal tells how long it took, and that the call went on', async () => {
    const scene = await begin();
    await toldIn(scene, 3_000);
    scene.network.begin('captive-portal');
    expect(await toldIn(scene, 12_000)).toEqual([
      'The client does not take the login page for an answer. It keeps trying.',
      'The client reports the outage to the app: an error event with the code "network".',
      'The login page is gone.',
      'The server answers again, after 5.1 s. The call went on all the while.',
    ]);
    expect(scene.sentences[0]).toBe('A captive portal answers every request with its login page for 5 s.');
  });

  test('of the device does not praise a call that was lost meanwhile', async () => {
    const scene = await begin();
    scene.network.begin('offline');
    await toldIn(scene, 1_000);
    scene.story.onCallLost();
    expect(await toldIn(scene, 20_000)).toEqual(['Online again.', 'The server answers again, after 10.1 s.']);
    expect(scene.sentences[0]).toBe('Offline for 10 s, as in flight mode: every request fails.');
  });

  test('that no button has caused gets a sentence, too', async () => {
    const scene = await begin();
    scene.server.on('poll', () => html(200));
    expect(await toldIn(scene, 40_000)).toContain(
      'The client does not take the login page for an answer. It keeps trying.',
    );
  });
});
