import { beforeEach, describe, expect, test } from '@jest/globals';
import { batch, forever, message, type HostileServer } from './support/hostile-server.ts';
import { RecordedClient } from './support/recorded-client.ts';

const MINUTE = 60_000;

let client: RecordedClient;
let server: HostileServer;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
});

describe('a handler of the app', () => {
  test('that throws on one message has handled it: the cursor advances (fault 37)', async () => {
    server.script('poll', () => batch('c1', message('custom'), message('custom')), forever);
    const mailbox = await client.listen();
    mailbox.on('message', () => {
      throw new Error('a fault of the app');
    });
    await server.time.advance(1_000);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'c1']);
    expect(client.received).toHaveLength(2);
    expect(client.errors.map(({ code }) => code)).toEqual(['listener-failed', 'listener-failed']);
  });

  test('that is slow holds back the next message and its acknowledgement, while the participant stays present', async () => {
    server.script('poll', () => batch('c1', message('custom'), message('custom')), forever);
    const mailbox = await client.join();
    let handled = 0;
    mailbox.on('message', async () => {
      await server.time.after(MINUTE);
      handled += 1;
    });
    await server.time.advance(MINUTE + 500);
    expect([handled, server.count('poll')]).toEqual([1, 1]);
    expect(server.all('ack').map(({ body }) => body.cursor)).toEqual(['c0', 'c0', 'c0']);
    await server.time.advance(MINUTE);
    expect([handled, server.all('poll')[1]?.body.after]).toEqual([2, 'c1']);
  });
});

describe('an app without a handler', () => {
  test('does not poll until it adds its first handler', async () => {
    await client.join();
    await server.time.advance(MINUTE);
    expect(server.count('poll')).toBe(0);
  });

  test('gets the messages of the meantime with its next handler, and acknowledges none before', async () => {
    const later = message('custom');
    server.script(
      'poll',
      () => batch('c1', message('custom')),
      () => batch('c2', later),
      forever,
    );
    const mailbox = await client.join();
    const off: () => void = mailbox.on('message', () => off());
    await server.time.advance(MINUTE);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'c1']);
    mailbox.on('message', ({ id }) => void client.received.push(id));
    await server.time.advance(1_000);
    expect(client.received).toEqual([later.id]);
    expect(server.all('poll').at(-1)?.body.after).toBe('c2');
  });
});
