import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const NOW = '2026-01-05T12:00:00.000Z';
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TURN = { urls: ['turn:turn.example.org'], username: 'u', credential: 'c' };
const STUN = { urls: ['stun:stun.example.org:3478', 'stun:stun.example.net'] };

let app: Express;
let roomId: string;
beforeAll(async () => {
  ({ app } = await createService({ iceServers: [STUN, TURN], rateLimit: 'off' }, { clock: new TestClock() }));
});
beforeEach(() => {
  roomId = newRoom();
});
afterAll(closeServices);

describe('joinRoom', () => {
  const limits = {
    defaultWaitSeconds: 25,
    maxWaitSeconds: 50,
    maxSendBatch: 32,
    maxReceiveBatch: 100,
    maxMessageBytes: 65_536,
    maxMailboxMessages: 512,
    defaultTtlSeconds: 120,
    maxTtlSeconds: 300,
    idleTimeoutSeconds: 60,
  };

  test('returns everything that a client needs', async () => {
    const body = { participantId: 'alice', displayName: 'Alice', metadata: { role: 'host' }, idleTimeoutSeconds: 90 };
    const answer = await call(app, 'joinRoom', { roomId }, { body });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      roomId,
      participantId: 'alice',
      token: expect.stringMatching(/^[\w.-]{22,}$/),
      cursor: expect.stringMatching(/./),
      resumed: false,
      participants: [
        { participantId: 'alice', displayName: 'Alice', metadata: { role: 'host' }, joinedAt: NOW, listening: false },
      ],
      iceServers: [STUN, TURN],
      limits: { ...limits, idleTimeoutSeconds: 90 },
    });
  });

  test('needs no body, and generates an id that cannot be guessed', async () => {
    const [first, second] = [await join(app, roomId), await join(app, roomId)];
    expect(first.id).toMatch(/^[\w-]{16,64}$/);
    expect(second.id).not.toBe(first.id);
    expect(second.joined.participants.map(({ participantId }) => participantId)).toEqual([first.id, second.id]);
    expect(second.joined.limits).toEqual(limits);
    expect((await call(app, 'joinRoom', { roomId })).status).toBe(201);
  });

  test('accepts every id that its pattern allows, such as names of Object.prototype', async () => {
    for (const id of ['__proto__', 'constructor', 'a'.repeat(64), '-', '_', '0']) {
      const member = await join(app, id, id);
      expect([member.roomId, member.id]).toEqual([id, id]);
      expect(await member.roster()).toEqual([{ participantId: id, joinedAt: NOW, listening: false }]);
    }
  });

  test('sends a participant-joined to the others', async () => {
    const alice = await join(app, roomId, 'alice');
    await join(app, roomId, { participantId: 'bob', displayName: 'Bob' });
    expect((await alice.poll()).messages).toEqual([
      {
        id: expect.stringMatching(UUID_V7),
        type: 'participant-joined',
        payload: { participant: { participantId: 'bob', displayName: 'Bob', joinedAt: NOW, listening: false } },
        sentAt: NOW,
        ageMs: 0,
      },
    ]);
  });
});

describe('messages', () => {
  const offer = { type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' } as const;

  test('sendMessage answers with a receipt, and the recipient reads the message', async () => {
    const [alice, bob] = [await join(app, roomId, 'alice'), await join(app, roomId, 'bob')];
    const body = { to: 'bob', type: 'offer', payload: offer, callId: 'call-1', ttlSeconds: 30 };
    const sent = await alice.call('sendMessage', { body });
    expect(sent.status).toBe(201);
    expect(sent.body).toEqual({
      id: expect.stringMatching(UUID_V7),
      sentAt: NOW,
      recipients: [{ participantId: 'bob', listening: false }],
    });
    const { id } = sent.body as { id: string };
    const polled = await bob.call('receiveMessages', { query: { wait: 0 } });
    const message = { id, from: 'alice', to: 'bob', type: 'offer', payload: offer, callId: 'call-1' };
    expect(polled.status).toBe(200);
    expect(polled.body).toEqual({
      messages: [{ ...message, sentAt: NOW, ageMs: 0 }],
      cursor: expect.stringMatching(/./),
      more: false,
      expired: 0,
    });
  });

  test('sendMessages answers with a receipt for each, in order', async () => {
    const [alice, bob] = [await join(app, roomId, 'alice'), await join(app, roomId, 'bob')];
    const messages = [
      { to: 'bob', type: 'ringing' },
      { type: 'custom', payload: null },
    ];
    const answer = await alice.call('sendMessages', { body: { messages } });
    const receipt = {
      id: expect.stringMatching(UUID_V7),
      sentAt: NOW,
      recipients: [{ participantId: 'bob', listening: false }],
    };
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ receipts: [receipt, receipt] });
    const { receipts } = answer.body as { receipts: { id: string }[] };
    const common = { from: 'alice', sentAt: NOW, ageMs: 0 };
    expect((await bob.poll()).messages).toEqual([
      { ...common, id: receipts[0]?.id, to: 'bob', type: 'ringing' },
      { ...common, id: receipts[1]?.id, type: 'custom', payload: null },
    ]);
  });

  test('acknowledgeMessages drops acknowledged messages, and may be repeated', async () => {
    const [alice, bob] = [await join(app, roomId, 'alice'), await join(app, roomId, 'bob')];
    await alice.send({ type: 'invite' });
    const { cursor } = await bob.poll();
    for (const each of [cursor, cursor, bob.joined.cursor]) {
      const answer = await bob.call('acknowledgeMessages', { body: { cursor: each } });
      expect([answer.status, answer.body]).toEqual([204, '']);
    }
    expect(await bob.poll()).toEqual({ messages: [], cursor, more: false, expired: 0 });
  });
});

describe('rosters, ICE servers and rooms', () => {
  test('listParticipants returns the participants in the order of joining', async () => {
    const zoe = await join(app, roomId, { participantId: 'zoe', displayName: '', metadata: {} });
    await join(app, roomId, 'adam');
    const answer = await zoe.call('listParticipants');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      participants: [
        { participantId: 'zoe', displayName: '', metadata: {}, joinedAt: NOW, listening: false },
        { participantId: 'adam', joinedAt: NOW, listening: false },
      ],
    });
  });

  test.each<[string, (member: Member) => Promise<Answer>]>([
    ['leaveRoom', (member) => member.call('leaveRoom')],
    [
      'leaveRoom by a POST that says DELETE',
      (member) => member.leaveBy('POST', { 'X-HTTP-Method-Override': 'DELETE' }),
    ],
    ['leaveRoomByPost', (member) => member.call('leaveRoomByPost')],
    ['leaveRoomByPost with {}', (member) => member.call('leaveRoomByPost', { body: {} })],
  ])('%s ends the participant, also when repeated', async (_, leave) => {
    const [alice, bob] = [await join(app, roomId, 'alice'), await join(app, roomId, 'bob')];
    const { cursor } = await alice.poll();
    for (const _time of ['first', 'second']) {
      const answer = await leave(bob);
      expect([answer.status, answer.body]).toEqual([204, '']);
    }
    const { messages } = await alice.poll({ after: cursor });
    expect(messages).toMatchObject([{ type: 'participant-left', payload: { participantId: 'bob', reason: 'left' } }]);
    expect(await alice.roster()).toMatchObject([{ participantId: 'alice' }]);
    problemOf(await bob.call('listParticipants'), 'participant-gone');
  });

  test('getIceServers returns the configured servers', async () => {
    const alice = await join(app, roomId, 'alice');
    const answer = await alice.call('getIceServers');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ iceServers: [STUN, TURN], ttlSeconds: 3_600 });
  });

  test('a room ends with its last participant, and its id can be used again', async () => {
    const alice = await join(app, roomId, 'alice');
    await join(app, roomId, 'bob').then((bob) => bob.leave());
    await alice.leave();
    expect((await join(app, roomId, 'carol')).joined.participants).toHaveLength(1);
  });
});
