import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { OperationId } from '../../src/http/operations/index.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, pointersOf, problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const LONE = '\ud800';
const SDP = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n';
const text = (length: number): string => 'x'.repeat(length);
/** An object whose JSON has the given size in bytes. */
const objectOf = (bytes: number): object => ({ a: text(bytes - '{"a":""}'.length) });

let app: Express;
let alice: Member;
beforeAll(async () => {
  ({ app } = await createService({ rateLimit: 'off' }));
  alice = await join(app, newRoom(), 'alice');
});
afterAll(closeServices);

const errorsOf = async (id: OperationId, body: unknown): Promise<string[]> =>
  pointersOf(await alice.call(id, { body }));

describe('the faults of a join are reported at once', () => {
  const refused = async (body: unknown): Promise<string[]> =>
    pointersOf(await call(app, 'joinRoom', { roomId: newRoom() }, { body }));

  test.each<[string, unknown, string[]]>([
    [
      'every field',
      { participantId: '', displayName: 1, metadata: [], idleTimeoutSeconds: 0, resume: 'yes' },
      ['participantId', 'displayName', 'metadata', 'idleTimeoutSeconds', 'resume'],
    ],
    [
      'nulls, which are not the same as absent',
      { participantId: null, displayName: null, metadata: null, idleTimeoutSeconds: null, resume: null },
      ['participantId', 'displayName', 'metadata', 'idleTimeoutSeconds', 'resume'],
    ],
    ['typos', { ParticipantId: 'a', name: 'b', 'a/b~c': 1, '': 2 }, ['ParticipantId', 'name', 'a~1b~0c', '']],
    ['keys that objects know', JSON.parse('{"__proto__":1,"constructor":2}'), ['__proto__', 'constructor']],
    ['an id that is too long', { participantId: text(65) }, ['participantId']],
    ['an id with a NUL', { participantId: 'a\0' }, ['participantId']],
    ['a name that is too long', { displayName: text(129) }, ['displayName']],
    ['half a character in a name', { displayName: LONE }, ['displayName']],
    ['metadata of 2,049 bytes', { metadata: objectOf(2_049) }, ['metadata']],
    ['metadata of 2,048 characters and more bytes', { metadata: { a: 'é'.repeat(1_100) } }, ['metadata']],
    ['an idle time above that of open mode', { idleTimeoutSeconds: 301 }, ['idleTimeoutSeconds']],
    ['half a second', { idleTimeoutSeconds: 0.5 }, ['idleTimeoutSeconds']],
    ['a number as text', { idleTimeoutSeconds: '60' }, ['idleTimeoutSeconds']],
  ])('%s', async (_, body, fields) => {
    expect(await refused(body)).toEqual(fields.map((field) => `/body/${field}`));
  });

  test.each<[string, object]>([
    ['the longest id', { participantId: text(64) }],
    ['the longest name, counted in characters', { displayName: '\u{1F600}'.repeat(128) }],
    ['an empty name', { displayName: '' }],
    ['the largest metadata', { metadata: objectOf(2_048) }],
    ['no metadata', { metadata: {} }],
    ['the shortest idle time', { idleTimeoutSeconds: 1 }],
    ['the longest idle time of open mode', { idleTimeoutSeconds: 300 }],
    ['no resume', { resume: false }],
    ['a resume of nobody', { resume: true }],
  ])('%s is no fault', async (_, body) => {
    expect((await call(app, 'joinRoom', { roomId: newRoom() }, { body })).status).toBe(201);
  });
});

describe('the faults of a message are reported at once', () => {
  test.each<[string, unknown, string[]]>([
    ['nothing', {}, ['type']],
    [
      'every field',
      { to: 'a.b', type: 1, payload: 1, callId: '', ttlSeconds: 0, from: 'mallory' },
      ['to', 'type', 'callId', 'ttlSeconds', 'from'],
    ],
    ['nulls', { to: null, type: null, callId: null, ttlSeconds: null }, ['to', 'type', 'callId', 'ttlSeconds']],
    ['a type that only the server sends', { type: 'participant-left' }, ['type']],
    ['a type in upper case', { type: 'OFFER' }, ['type']],
    ['a call id that is too long', { type: 'invite', callId: text(65) }, ['callId']],
    ['half a character in a call id', { type: 'invite', callId: LONE }, ['callId']],
    ['a lifetime above that of open mode', { type: 'invite', ttlSeconds: 301 }, ['ttlSeconds']],
    ['half a second', { type: 'invite', ttlSeconds: 1.5 }, ['ttlSeconds']],
    [
      'faults of the envelope and of the payload',
      { type: 'offer', payload: {}, x: 1 },
      ['x', 'payload/type', 'payload/sdp'],
    ],
    ['an offer without a description', { type: 'offer' }, ['payload']],
    ['an offer of null', { type: 'offer', payload: null }, ['payload']],
    ['an offer of a bare SDP', { type: 'offer', payload: SDP }, ['payload']],
    ['an offer that is an answer', { type: 'offer', payload: { type: 'answer', sdp: SDP } }, ['payload/type']],
    ['an answer that is an offer', { type: 'answer', payload: { type: 'offer', sdp: SDP } }, ['payload/type']],
    ['a rollback', { type: 'answer', payload: { type: 'rollback', sdp: '' } }, ['payload/type', 'payload/sdp']],
    ['SDP that is none', { type: 'offer', payload: { type: 'offer', sdp: ' v=0' } }, ['payload/sdp']],
    ['a candidate without one', { type: 'candidate', payload: { sdpMid: '0' } }, ['payload/candidate']],
    ['a candidate of null', { type: 'candidate', payload: { candidate: null } }, ['payload/candidate']],
    [
      'every field of a candidate',
      { type: 'candidate', payload: { candidate: 1, sdpMid: 0, sdpMLineIndex: -2, usernameFragment: [] } },
      ['payload/candidate', 'payload/sdpMid', 'payload/sdpMLineIndex', 'payload/usernameFragment'],
    ],
    [
      'a line that no SDP has',
      { type: 'candidate', payload: { candidate: '', sdpMLineIndex: 65_536 } },
      ['payload/sdpMLineIndex'],
    ],
    ['a reason that is too long', { type: 'hangup', payload: { reason: text(65) } }, ['payload/reason']],
    ['a reason that is no text', { type: 'reject', payload: { reason: null } }, ['payload/reason']],
    ['an invitation that is no object', { type: 'invite', payload: [] }, ['payload']],
    ['a hangup of null', { type: 'hangup', payload: null }, ['payload']],
    ['a message to itself', { type: 'invite', to: 'alice' }, ['to']],
    ['a message to itself of no type, with a typo', { to: 'alice', ttl: 1 }, ['to', 'ttl', 'type']],
    ['a list that holds the sender', { type: 'invite', to: ['alice'] }, ['to']],
  ])('%s', async (_, body, fields) => {
    const pointers = fields.map((field) => `/body/${field}`).sort();
    expect((await errorsOf('sendMessage', body)).sort()).toEqual(pointers);
    const inBatch = fields.map((field) => `/body/messages/1/${field}`).sort();
    expect((await errorsOf('sendMessages', { messages: [{ type: 'invite' }, body] })).sort()).toEqual(inBatch);
  });

  test.each<[string, object]>([
    ['the longest call id, counted in characters', { type: 'invite', callId: '\u{1F600}'.repeat(64) }],
    ['a call id with a NUL', { type: 'invite', callId: 'a\0b' }],
    ['the shortest lifetime', { type: 'invite', ttlSeconds: 1 }],
    ['the longest lifetime of open mode', { type: 'invite', ttlSeconds: 300 }],
    ['a number that is whole', { type: 'invite', ttlSeconds: 3e1 }],
    ['an empty reason', { type: 'cancel', payload: { reason: '' } }],
    ['the longest reason', { type: 'cancel', payload: { reason: text(64) } }],
    ['the end of candidates', { type: 'candidate', payload: { candidate: '' } }],
    [
      'nulls in a candidate',
      { type: 'candidate', payload: { candidate: 'x', sdpMid: null, sdpMLineIndex: null, usernameFragment: null } },
    ],
    ['the shortest SDP', { type: 'offer', payload: { type: 'offer', sdp: 'v=0' } }],
    ['a custom message without a payload', { type: 'custom' }],
  ])('%s is no fault', async (_, body) => {
    expect((await alice.call('sendMessage', { body })).status).toBe(201);
    expect((await alice.call('sendMessages', { body: { messages: [body] } })).status).toBe(201);
  });
});

describe('the faults of a batch are reported at once', () => {
  const invite = { type: 'invite' };

  test.each<[string, unknown, string[]]>([
    ['no messages', {}, ['messages']],
    ['an empty list', { messages: [] }, ['messages']],
    ['33 messages', { messages: Array.from({ length: 33 }, () => invite) }, ['messages']],
    ['a message instead of a list', { messages: invite }, ['messages']],
    ['a bare message', invite, ['messages', 'type']],
    ['what is no message', { messages: [1, null, [], 'x', true] }, [0, 1, 2, 3, 4].map((index) => `messages/${index}`)],
    [
      'several messages',
      { messages: [{}, invite, { type: 'x', to: '' }], x: 1 },
      ['messages/0/type', 'messages/2/to', 'messages/2/type', 'x'],
    ],
    ['33 messages to itself', { messages: Array.from({ length: 33 }, () => ({ to: 'alice' })) }, ['messages']],
    [
      'what is no message beside one to itself',
      { messages: [null, { to: 'alice' }], to: 'alice' },
      ['messages/0', 'messages/1/to', 'messages/1/type', 'to'],
    ],
    [
      'every message to itself',
      { messages: [{ ...invite, to: 'alice' }, invite, { ...invite, to: 'alice' }] },
      ['messages/0/to', 'messages/2/to'],
    ],
  ])('%s', async (_, body, fields) => {
    expect((await errorsOf('sendMessages', body)).sort()).toEqual(fields.map((field) => `/body/${field}`).sort());
  });

  test('a batch of 32 messages has no fault', async () => {
    const messages = Array.from({ length: 32 }, () => invite);
    expect((await alice.call('sendMessages', { body: { messages } })).status).toBe(201);
  });

  test('of more than 64 faults, the first 63 and a note are listed', async () => {
    const body = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`x${index}`, 1]));
    const pointers = await errorsOf('sendMessages', body);
    expect(pointers).toHaveLength(64);
    expect(pointers.at(-1)).toBe('/body');
  });
});

describe('null in an optional field is refused with "leave it out"', () => {
  test.each<[string, OperationId, object, string[]]>([
    [
      'a join',
      'joinRoom',
      { participantId: null, displayName: null, metadata: null, idleTimeoutSeconds: null, resume: null },
      ['participantId', 'displayName', 'metadata', 'idleTimeoutSeconds', 'resume'],
    ],
    ['a poll', 'pollMessages', { after: null, wait: null, limit: null }, ['after', 'wait', 'limit']],
    [
      'a message',
      'sendMessage',
      { to: null, type: 'custom', callId: null, ttlSeconds: null },
      ['to', 'callId', 'ttlSeconds'],
    ],
    ['an invite', 'sendMessage', { type: 'invite', payload: null }, ['payload']],
    ['a hang-up', 'sendMessage', { type: 'hangup', payload: null }, ['payload']],
    ['its reason', 'sendMessage', { type: 'hangup', payload: { reason: null } }, ['payload/reason']],
  ])('%s', async (_, id, body, fields) => {
    const { errors = [] } = problemOf(await alice.call(id, { body }), 'invalid-request');
    expect(errors.map(({ pointer }) => pointer)).toEqual(fields.map((field) => `/body/${field}`));
    for (const { detail } of errors) expect(detail).toMatch(/^must be .+; leave it out$/);
  });

  test('null is refused in a required field and accepted as a custom payload', async () => {
    const { errors = [] } = problemOf(await alice.call('sendMessage', { body: { type: null } }), 'invalid-request');
    expect(errors[0]?.detail).not.toContain('leave it out');
    expect((await alice.call('sendMessage', { body: { type: 'custom', payload: null } })).status).toBe(201);
  });
});

test('an acknowledgement takes a cursor and no other field', async () => {
  expect(await errorsOf('acknowledgeMessages', { after: 'x' })).toEqual(['/body/cursor', '/body/after']);
});

describe('an idempotency key is 1 to 64 of A-Z a-z 0-9 _ -', () => {
  test.each(['', 'a b', text(65), 'a.b', 'é', 'a,b', '"quoted"'])('%j is refused', async (key) => {
    for (const id of ['joinRoom', 'sendMessage', 'sendMessages'] as const) {
      const body =
        id === 'joinRoom' ? {} : id === 'sendMessage' ? { type: 'invite' } : { messages: [{ type: 'invite' }] };
      const headers = { 'Idempotency-Key': Buffer.from(key).toString('latin1') };
      expect(pointersOf(await alice.call(id, { body, headers }))).toEqual(['/header/Idempotency-Key']);
    }
  });

  test.each(['a', text(64), '__proto__', '0', '-_'])('%j is accepted', async (key) => {
    const headers = { 'Idempotency-Key': key };
    expect((await alice.call('sendMessage', { body: { type: 'invite' }, headers })).status).toBe(201);
  });
});
