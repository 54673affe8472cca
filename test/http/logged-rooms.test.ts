import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLog } from '../../src/log.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { exchange } from '../support/http.ts';
import { join, type Member } from '../support/member.ts';

afterAll(closeServices);

type Line = Readonly<Record<string, unknown>>;

const SDP = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n';

describe('with LOG_LEVEL=debug', () => {
  const texts: string[] = [];
  let alice: Member;
  let bob: Member;
  const lines = (msg: string): Line[] =>
    texts.map((text) => JSON.parse(text) as Line).filter((line) => line.msg === msg);

  beforeAll(async () => {
    const { app } = await createService({}, { log: createLog('debug', { write: (text) => texts.push(text) }) });
    alice = await join(app, 'blue-door', 'alice');
    bob = await join(app, 'blue-door', 'bob');
    await alice.send({ to: 'bob', type: 'offer', payload: { type: 'offer', sdp: SDP } });
    const { cursor } = await bob.poll();
    await bob.call('acknowledgeMessages', { body: { cursor } });
    await exchange(app, 'GET', '/v1/rooms/blue-door/messages');
    await exchange(app, 'GET', '/v1/rooms/blue%20door/messages');
    await bob.leave();
  });

  test('the log line of a request names its room and participant if they are known', () => {
    const subjects = lines('answered').map(
      ({ operation, roomId, participantId }) => `${String(operation)} ${String(roomId)} ${String(participantId)}`,
    );
    expect(subjects).toEqual([
      'joinRoom blue-door alice',
      'joinRoom blue-door bob',
      'sendMessage blue-door alice',
      'receiveMessages blue-door bob',
      'acknowledgeMessages blue-door bob',
      'receiveMessages blue-door undefined',
      'receiveMessages undefined undefined',
      'leaveRoom blue-door bob',
    ]);
  });

  test.each([
    ['joined', { participantId: 'alice', resumed: false }],
    ['sent', { participantId: 'alice', type: 'offer', to: ['bob'], messageId: expect.any(String) }],
    ['poll ended', { participantId: 'bob', end: 'message', messages: expect.arrayContaining(['offer']) }],
    ['acknowledged', { participantId: 'bob', position: expect.any(Number) }],
    ['gone', { participantId: 'bob', reason: 'left', unread: 0 }],
  ])('a room event has a log line: %s', (msg, fields) => {
    expect(lines(msg)).toContainEqual(expect.objectContaining({ level: 'debug', roomId: 'blue-door', ...fields }));
  });

  test('no log line has a session description or a token, or is about internal rooms of the service', () => {
    const all = texts.join('');
    for (const secret of [SDP.slice(7, 30), alice.token, bob.token]) expect(all).not.toContain(secret);
    expect(new Set(texts.map((text) => (JSON.parse(text) as Line).roomId))).toEqual(new Set(['blue-door', undefined]));
  });
});

test('without debug level, room events are not logged', async () => {
  const texts: string[] = [];
  const { app } = await createService({}, { log: createLog('info', { write: (text) => texts.push(text) }) });
  await (await join(app, 'red-door', 'alice')).send({ type: 'custom' });
  expect(texts).toEqual([]);
});
