import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { FetchMember } from '../support/fetch-member.ts';
import { join } from '../support/member.ts';
import { Proxy } from '../support/proxy.ts';
import { ServerProcess, untilListening } from '../support/server-process.ts';

afterEach(cleanUp);

/** A server that streams: its answer begins at once, and ends when the test ends it. */
async function startStreaming(): Promise<{ url: string; stream: Promise<ServerResponse> }> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  onCleanUp(() => server.close());
  await once(server, 'listening');
  const stream = once(server, 'request').then(([, res]: unknown[]) => {
    (res as ServerResponse).writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: an offer\n\n');
    return res as ServerResponse;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stream };
}

describe('a proxy that forwards only complete answers, as antivirus software does', () => {
  test('forwards the answer of a held poll at once, but holds back an event stream until its end', async () => {
    const [holdline, streaming] = [await ServerProcess.start(), await startStreaming()];
    const [proxy, streamingProxy] = [await Proxy.start(holdline.url), await Proxy.start(streaming.url)];
    let streamed = false;
    const events = fetch(streamingProxy.url).then((answer) => {
      streamed = true;
      return answer.text();
    });
    const stream = await streaming.stream;

    const [callee, caller] = [await join(proxy.url, 'room', 'callee'), await join(proxy.url, 'room', 'caller')];
    const { cursor: after } = await callee.poll();
    const poll = new FetchMember(proxy.url, callee.joined).poll({ after, wait: 20 });
    await untilListening(callee);
    const { id } = await caller.send({ type: 'custom' });
    expect(await poll).toMatchObject({ messages: [{ id }] });

    expect(streamed).toBe(false);
    stream.end();
    expect(await events).toBe('data: an offer\n\n');
  });
});
