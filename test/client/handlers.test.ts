import { beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type HoldlineError, type Mailbox } from '../../src/client/index.ts';
import { batch, HostileServer, message } from './support/hostile-server.ts';

const MINUTE = 60_000;

let server: HostileServer;
let received: string[];
beforeEach(() => {
  server = new HostileServer();
  received = [];
});

async function listening(): Promise<Mailbox> {
  const mailbox = await joinRoom(server.options);
  mailbox.on('message', ({ id }) => void received.push(id));
  return mailbox;
}

describe('a handler of the app', () => {
  test('that throws on one message has handled it: the cursor advances (fault 37)', async () => {
    const errors: HoldlineError[] = [];
    server.script(
      'poll',
      () => batch('c1', message('custom'), message('custom')),
      () => new Promise(() => undefined),
    );
    const mailbox = await listening();
    mailbox.on('error', (error) => void errors.push(error));
    mailbox.on('message', () => {
      throw new Error('a fault of the app');
    });
    await server.time.advance(1_000);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'c1']);
    expect(received).toHaveLength(2);
    expect(errors.map(({ code }) => code)).toEqual(['listener-failed', 'listener-failed']);
  });

  test('that is slow holds back the next message and its acknowledgement, while the participant stays present', async () => {
    server.script(
      'poll',
      () => batch('c1', message('custom'), message('custom')),
      () => new Promise(() => undefined),
    );
    const mailbox = await joinRoom(server.options);
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
    await joinRoom(server.options);
    await server.time.advance(MINUTE);
    expect(server.count('poll')).toBe(0);
  });

  test('gets the messages of the meantime with its next handler, and acknowledges none before', async () => {
    const later = message('custom');
    server.script(
      'poll',
      () => batch('c1', message('custom')),
      () => batch('c2', later),
      () => new Promise(() => undefined),
    );
    const mailbox = await joinRoom(server.options);
    const off: () => void = mailbox.on('message', () => off());
    await server.time.advance(MINUTE);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'c1']);
    mailbox.on('message', ({ id }) => void received.push(id));
    await server.time.advance(1_000);
    expect(received).toEqual([later.id]);
    expect(server.all('poll').at(-1)?.body.after).toBe('c2');
  });
});
