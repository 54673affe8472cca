import { beforeEach, describe, expect, test } from '@jest/globals';
import { type HoldlineError } from '../../src/client/index.ts';
import { forever, html, json, problem, type HostileServer } from './support/hostile-server.ts';
import { RecordedClient } from './support/recorded-client.ts';

const MINUTE = 60_000;

let client: RecordedClient;
let server: HostileServer;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
});

describe('a message that is not stored', () => {
  test('in its lifetime is rejected with the last failure as the cause', async () => {
    server.on('send', () => problem(429, 'mailbox-full', { retryAfter: 2, detail: 'The mailbox is full.' }));
    const mailbox = await client.join();
    const sending = mailbox.send({ type: 'custom', to: 'a', ttlSeconds: 5 }).catch((error: unknown) => error);
    await server.time.advance(10_000);
    expect(await sending).toMatchObject({ code: 'lifetime-over', cause: { code: 'mailbox-full' } });
    expect((await sending) as HoldlineError).toHaveProperty('message', 'lifetime-over: The mailbox is full.');
  });

  test.each([400, 403, 404, 413, 451])(
    'because a proxy answers %i three times, while a poll is held, is rejected as proxy-refused in seconds',
    async (status) => {
      server.on('poll', forever);
      server.on('send', () => html(status));
      const mailbox = await client.listen();
      const sending = mailbox.send({ type: 'custom', to: 'a' }).catch((error: unknown) => error);
      await server.time.advance(5_000);
      const words = `proxy-refused: sendMessages http://hostile: answered with ${status} text/html, not by Holdline`;
      expect(await sending).toMatchObject({ code: 'proxy-refused', message: words });
      expect(server.count('send')).toBe(3);
      expect(client.errors).toHaveLength(1);
    },
  );

  test('with others in a batch that is too large for a proxy goes out alone, in order', async () => {
    const payloads = ({ body }: { body: Readonly<Record<string, unknown>> }) =>
      (body.messages as { payload: unknown }[]).map(({ payload }) => payload);
    const stored: unknown[] = [];
    server.on('send', (asked) => {
      const sent = payloads(asked);
      if (sent.length > 1 || sent.includes('huge')) return html(413);
      stored.push(...sent);
      return json(201, { receipts: [server.receipt()] });
    });
    const mailbox = await client.listen();
    const sending = Promise.allSettled(
      ['1', 'huge', '2'].map((payload) => mailbox.send({ type: 'custom', to: 'a', payload })),
    );
    await server.time.advance(10_000);
    expect((await sending).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(stored).toEqual(['1', '2']);
  });

  test('because of a captive portal, which answers polls as well, is sent when the user has logged in', async () => {
    server.on('poll', () => html(403));
    server.on('send', () => html(403));
    server.on('ack', () => html(403));
    const mailbox = await client.listen();
    const sending = mailbox.send({ type: 'custom', to: 'a' });
    await server.time.advance(MINUTE);
    server.on('poll', forever);
    server.on('send', () => json(201, { receipts: [server.receipt()] }));
    await server.time.advance(10_000);
    expect(await sending).toHaveProperty('id');
    expect(client.errors).toHaveLength(1);
  });

  test('because of a captive portal that appears while a poll is held is retried: the held poll proves nothing', async () => {
    server.on('poll', forever);
    server.on('ack', () => html(403));
    server.on('send', () => html(403));
    const mailbox = await client.listen();
    const sending = mailbox.send({ type: 'custom', to: 'a' });
    await server.time.advance(20_000);
    server.on('send', () => json(201, { receipts: [server.receipt()] }));
    await server.time.advance(10_000);
    expect(await sending).toHaveProperty('id');
  });

  test.each([200, 401, 407, 408, 425, 429, 500, 502, 503, 504])(
    'because another server answers %i is retried until it is stored',
    async (status) => {
      server.on('poll', forever);
      server.on('send', () => html(status));
      const mailbox = await client.listen();
      const sending = mailbox.send({ type: 'custom', to: 'a' });
      await server.time.advance(30_000);
      server.on('send', () => json(201, { receipts: [server.receipt()] }));
      await server.time.advance(6_000);
      expect(await sending).toHaveProperty('id');
      expect(client.errors).toHaveLength(1);
    },
  );

  test('is not sent again before the time that a proxy asks for', async () => {
    server.script(
      'send',
      () => html(503, { 'Retry-After': '7' }),
      () => json(201, { receipts: [server.receipt()] }),
    );
    const mailbox = await client.join();
    const sending = mailbox.send({ type: 'custom', to: 'a' });
    await server.time.advance(6_900);
    expect(server.count('send')).toBe(1);
    await server.time.advance(1_100);
    expect(await sending).toHaveProperty('id');
  });
});
