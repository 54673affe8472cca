import { beforeEach, describe, expect, test } from '@jest/globals';
import { batch, message } from './support/hostile-server.ts';
import { SocketClient } from './support/socket-client.ts';

let client: SocketClient;
beforeEach(() => {
  client = new SocketClient();
});

const advance = (ms: number): Promise<void> => client.server.time.advance(ms);

describe('batches of a socket', () => {
  const [one, two, three] = [message('custom'), message('custom'), message('custom')];

  /** A handler that takes until `finish()`. */
  async function promoteSlow() {
    const finishers: (() => void)[] = [];
    const mailbox = await client.join();
    mailbox.on('message', ({ id }) => {
      client.received.push(id);
      return new Promise<void>((resolve) => finishers.push(resolve));
    });
    await advance(3_000);
    const finish = async (): Promise<void> => {
      finishers.shift()?.();
      await advance(0);
    };
    return { socket: client.sockets.last, finish };
  }

  test('are each answered at once, with the cursor of what was handled, and again when more was', async () => {
    const { socket, finish } = await promoteSlow();
    socket.receiveBatch('c1', [one]);
    expect(socket.sentOf('ack').at(-1)).toEqual({ type: 'ack', cursor: 'c0' });
    socket.receiveBatch('c2', [two]);
    const acks = () => socket.sentOf('ack').map(({ cursor }) => cursor);
    await advance(0);
    expect(acks()).toEqual(['c0', 'c0', 'c0']);
    await finish();
    expect(acks()).toEqual(['c0', 'c0', 'c0', 'c1']);
    await finish();
    expect(acks().slice(4)).toEqual(['c2']);
    expect(client.received).toEqual([one.id, two.id]);
  });

  test('are answered while a handler takes its time: heartbeats, too, which do not wait behind it', async () => {
    const { socket } = await promoteSlow();
    socket.receiveBatch('c1', [one]);
    for (let beat = 0; beat < 3; beat += 1) {
      await advance(20_000);
      socket.receiveBatch('c1');
    }
    expect(socket.sentOf('ack').map(({ cursor }) => cursor)).toEqual(['c0', 'c0', 'c0', 'c0', 'c0']);
  });

  test('of an earlier reading are answered, but not handled: the present one repeats their messages', async () => {
    const { socket } = await client.promote();
    socket.receive({ type: 'batch', id: '0', batch: { messages: [one], cursor: 'c9', more: false, expired: 0 } });
    await advance(0);
    expect([client.received, socket.sentOf('ack').length]).toEqual([[], 2]);
    socket.receiveBatch('c1', [one]);
    await advance(0);
    expect([client.received, socket.sentOf('ack').at(-1)]).toEqual([[one.id], { type: 'ack', cursor: 'c1' }]);
  });

  test('that a poll has brought already are not handled again, in either order', async () => {
    let answer = (): void => undefined;
    client.server.on('poll', () => new Promise((resolve) => (answer = () => resolve(batch('c2', one, two)))));
    client.sockets.answer = (socket, frame) => {
      if (frame.type === 'read') answer();
      else void socket.conform(frame);
    };
    const { socket } = await client.promote();
    socket.receiveBatch('c1', [one]);
    socket.receiveBatch('c3', [two, three]);
    await advance(0);
    expect(client.received).toEqual([one.id, two.id, three.id]);
    expect(socket.sentOf('ack').at(-1)).toEqual({ type: 'ack', cursor: 'c3' });
  });

  test('that end in expired messages of unknown position are asked for again from the handled cursor', async () => {
    let answer = (): void => undefined;
    client.server.on('poll', () => new Promise((resolve) => (answer = () => resolve(batch('c1', one)))));
    client.sockets.answer = (socket, frame) => {
      if (frame.type === 'read' && frame.id === '1') answer();
      else void socket.conform(frame);
    };
    const { socket } = await client.promote();
    socket.receiveBatch('c2', [], { expired: 1 });
    await advance(1_000);
    expect(client.gaps).toEqual([{ cause: 'expired', expired: 1 }]);
    expect(socket.sentOf('read').map(({ after }) => after)).toEqual(['c0', 'c1']);
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['no messages', { type: 'batch', id: '1', batch: { cursor: 'c1' } }],
    ['no cursor', { type: 'batch', id: '1', batch: { messages: [one] } }],
    ['messages of another kind', { type: 'batch', id: '1', batch: { messages: 'many', cursor: 'c1' } }],
    ['no batch', { type: 'batch', id: '1' }],
  ])('with %s end the reading, and the client polls', async (_, frame) => {
    const { mailbox, socket } = await client.promote();
    socket.receive(frame);
    await advance(0);
    expect([mailbox.transport, client.changes.at(-1)]).toEqual(['poll', { transport: 'poll', reason: 'closed' }]);
    expect(client.polls.at(1)).toEqual(['c0', 0]);
  });

  test('may be of types, and have fields, that a newer server adds', async () => {
    const { mailbox, socket } = await client.promote();
    socket.receive({ type: 'moon', phase: 'full' });
    socket.receiveBatch('c1', [message('hologram')], { mood: 'good' });
    await advance(0);
    expect([mailbox.transport, client.received.length]).toEqual(['socket', 1]);
  });
});
