import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import {
  faultsOf,
  listed,
  type FaultRoot,
  type QueryName,
  querySchemas,
  type RequestName,
  requestSchemas,
} from '../../src/wire/index.ts';
import { DEFAULT_BOUNDS } from '../support/bounds.ts';

const schemas = requestSchemas(DEFAULT_BOUNDS);
const queries = querySchemas(schemas);

const faults = (name: RequestName, input: unknown) => faultsBy(schemas[name], input, 'body');
const queryFaults = (name: QueryName, input: unknown) => faultsBy(queries[name], input, 'query');

function faultsBy(schema: z.ZodType, input: unknown, root: FaultRoot) {
  const { error } = schema.safeParse(input);
  return listed(error ? faultsOf(error, root) : []);
}

const pointers = (name: RequestName, input: unknown) => faults(name, input).map(({ pointer }) => pointer);
const queryPointers = (name: QueryName, input: unknown) => queryFaults(name, input).map(({ pointer }) => pointer);

const offer = (sdp: unknown, type: unknown = 'offer') => ({ type: 'offer', payload: { type, sdp } });
const answer = (type: unknown) => ({ type: 'answer', payload: { type, sdp: 'v=0' } });
const candidate = (payload: unknown) => ({ type: 'candidate', payload });
const hangup = (payload: unknown) => ({ type: 'hangup', payload });
const custom = (fields: object) => ({ type: 'custom', ...fields });

describe('a message that is accepted', () => {
  test.each<[string, object]>([
    ['an invite without a payload', { type: 'invite' }],
    ['ringing with an object', { type: 'ringing', payload: { anything: 1 } }],
    ['an offer', offer('v=0\r\n')],
    ['an offer with unknown keys', { type: 'offer', payload: { type: 'offer', sdp: 'v=0', extra: [] } }],
    ['an answer', answer('answer')],
    ['a provisional answer', answer('pranswer')],
    ['a candidate', candidate({ candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'x' })],
    ['a candidate with nulls', candidate({ candidate: '', sdpMid: null, sdpMLineIndex: null, usernameFragment: null })],
    ['an end of candidates as Licode sends it', candidate({ candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1 })],
    ['a candidate of the last media line', candidate({ candidate: 'candidate:1', sdpMLineIndex: 65_535 })],
    ['a hangup without a payload', { type: 'hangup' }],
    ['a hangup with any reason of 64 characters', hangup({ reason: '\u{1F44B}'.repeat(64) })],
    ['a custom null', custom({ payload: null })],
    ['a custom text', custom({ payload: 'sealed' })],
    ['a callId of 64 characters', custom({ callId: '\u{1F44B}'.repeat(64) })],
    ['the longest lifetime', custom({ ttlSeconds: 86_400 })],
    ['the shortest lifetime', custom({ ttlSeconds: 1 })],
  ])('%s', (_, message) => {
    expect(faults('sendMessage', message)).toEqual([]);
  });
});

describe('a message that is refused with a pointer to the fault', () => {
  test.each<[string, unknown, string[]]>([
    ['no type', {}, ['/body/type']],
    ['no object', [], ['/body']],
    ['null', null, ['/body']],
    ['an event of the server', { type: 'participant-left' }, ['/body/type']],
    ['an unknown field', custom({ tll: 3 }), ['/body/tll']],
    ['an unknown field with a slash and a tilde', custom({ 'a/b~c': 3 }), ['/body/a~1b~0c']],
    ['an own __proto__', JSON.parse('{"type":"custom","__proto__":{}}'), ['/body/__proto__']],
    ['a recipient that is no id', custom({ to: 'a b' }), ['/body/to']],
    ['an empty recipient', custom({ to: '' }), ['/body/to']],
    ['a recipient of 65 characters', custom({ to: 'a'.repeat(65) }), ['/body/to']],
    ['a recipient with a newline', custom({ to: 'bob\n' }), ['/body/to']],
    ['an empty callId', custom({ callId: '' }), ['/body/callId']],
    ['a callId of 65 characters', custom({ callId: 'a'.repeat(65) }), ['/body/callId']],
    ['a callId with half a character', custom({ callId: '\ud83d' }), ['/body/callId']],
    ['no lifetime', custom({ ttlSeconds: 0 }), ['/body/ttlSeconds']],
    ['too long a lifetime', custom({ ttlSeconds: 86_401 }), ['/body/ttlSeconds']],
    ['half a second', custom({ ttlSeconds: 0.5 }), ['/body/ttlSeconds']],
    ['a lifetime beyond numbers', custom({ ttlSeconds: 1e300 }), ['/body/ttlSeconds']],
    ['a lifetime as text', custom({ ttlSeconds: '30' }), ['/body/ttlSeconds']],
    ['an offer without a payload', { type: 'offer' }, ['/body/payload']],
    ['an offer of the other type', offer('v=0', 'answer'), ['/body/payload/type']],
    ['an offer that is no SDP', offer('hello'), ['/body/payload/sdp']],
    ['an offer with a number', offer(1, 1), ['/body/payload/type', '/body/payload/sdp']],
    ['an answer that is a rollback', answer('rollback'), ['/body/payload/type']],
    ['a candidate that is null', candidate({ candidate: null }), ['/body/payload/candidate']],
    ['a candidate without one', candidate({ sdpMid: '0' }), ['/body/payload/candidate']],
    ['a media line below -1', candidate({ candidate: '', sdpMLineIndex: -2 }), ['/body/payload/sdpMLineIndex']],
    ['half a media line', candidate({ candidate: '', sdpMLineIndex: 0.5 }), ['/body/payload/sdpMLineIndex']],
    ['a media line as text', candidate({ candidate: '', sdpMLineIndex: '0' }), ['/body/payload/sdpMLineIndex']],
    ['a hangup with null', hangup(null), ['/body/payload']],
    ['a hangup with a list', hangup([]), ['/body/payload']],
    ['too long a reason', hangup({ reason: 'a'.repeat(65) }), ['/body/payload/reason']],
    ['a reason that is no text', hangup({ reason: 1 }), ['/body/payload/reason']],
    [
      'everything wrong at once',
      { to: '!', type: 'offer', payload: { sdp: '' }, callId: 1, ttlSeconds: -1, x: 1 },
      ['/body/to', '/body/callId', '/body/ttlSeconds', '/body/x', '/body/payload/type', '/body/payload/sdp'],
    ],
  ])('%s', (_, message, places) => {
    expect(pointers('sendMessage', message)).toEqual(places);
  });

  test.each<[string, unknown, string]>([
    ['a null payload', null, 'must be an object; {"candidate": ""} means end of candidates'],
    ['no payload', undefined, 'is required; {"candidate": ""} means end of candidates'],
    ['a null candidate', { candidate: null }, 'must be text; {"candidate": ""} means end of candidates'],
    ['`completed`', { completed: true }, 'is required; {"candidate": ""} means end of candidates'],
  ])('an end of candidates in another form is answered with the form of WebRTC: %s', (_, payload, detail) => {
    expect(faults('sendMessage', candidate(payload)).map((fault) => fault.detail)).toEqual([detail]);
  });

  test('an unknown type is refused with the known ones, and the rest of the message is checked, too', () => {
    expect(faults('sendMessage', { type: 'ofer', to: '' })).toEqual([
      { pointer: '/body/to', detail: 'must be 1 to 64 of A-Z a-z 0-9 _ -' },
      {
        pointer: '/body/type',
        detail:
          'must be known: one of invite, ringing, accept, reject, cancel, hangup, offer, answer, candidate, custom',
      },
    ]);
  });

  test('an unknown field is refused with the known ones', () => {
    expect(faults('sendMessage', custom({ tll: 3 }))).toEqual([
      { pointer: '/body/tll', detail: 'unknown field; known: to, type, payload, callId, ttlSeconds' },
    ]);
  });
});

test('a payload is checked but not copied, so that even __proto__ is kept', () => {
  const payload: unknown = JSON.parse('{"type":"offer","sdp":"v=0","__proto__":{"a":1}}');
  const message = schemas.sendMessage.parse({ type: 'offer', payload });
  expect(message.payload).toBe(payload);
});

describe('a batch', () => {
  test('has its faults at the index of the message', () => {
    const messages = [{ type: 'invite' }, 1, custom({ to: '' }), offer('x')];
    expect(pointers('sendMessages', { messages })).toEqual([
      '/body/messages/1',
      '/body/messages/2/to',
      '/body/messages/3/payload/sdp',
    ]);
  });

  test.each([0, 33, 100_000])('of %d messages is one fault', (length) => {
    expect(faults('sendMessages', { messages: Array.from({ length }, () => 1) })).toEqual([
      { pointer: '/body/messages', detail: 'must be an array of 1 to 32' },
    ]);
  });

  test('of 32 is accepted', () => {
    expect(faults('sendMessages', { messages: Array.from({ length: 32 }, () => ({ type: 'invite' })) })).toEqual([]);
  });
});

test('a response lists at most 64 faults and says when there are more', () => {
  const body = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field${index}`, 1]));
  const found = faults('joinRoom', body);
  expect(found).toHaveLength(64);
  expect(found.at(-1)).toEqual({ pointer: '/body', detail: 'further faults are not listed' });
});

test('a leave takes no field', () => {
  expect(faults('leaveRoomByPost', {})).toEqual([]);
  expect(faults('leaveRoomByPost', { reason: 'left' })).toEqual([
    { pointer: '/body/reason', detail: 'unknown field; none is known here' },
  ]);
});

describe('a join', () => {
  test.each<[string, object]>([
    ['nothing', {}],
    ['a name of 128 characters beyond the first plane', { displayName: '\u{1F44B}'.repeat(128) }],
    ['an empty name', { displayName: '' }],
    ['metadata of 2,048 bytes', { metadata: { a: 'x'.repeat(2_040) } }],
    ['the longest idle time', { idleTimeoutSeconds: 86_400 }],
  ])('is accepted with %s', (_, body) => {
    expect(faults('joinRoom', body)).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['a name of 129 characters', { displayName: 'a'.repeat(129) }, '/body/displayName'],
    ['a name with half a character', { displayName: 'a\udc4b' }, '/body/displayName'],
    ['metadata of 2,049 bytes', { metadata: { a: 'x'.repeat(2_041) } }, '/body/metadata'],
    ['metadata of 2,050 bytes in fewer characters', { metadata: { a: '\u00e9'.repeat(1_021) } }, '/body/metadata'],
    ['metadata nested ten thousand deep', { metadata: nested(10_000) }, '/body/metadata'],
    ['metadata that is a list', { metadata: [] }, '/body/metadata'],
    ['metadata that is null', { metadata: null }, '/body/metadata'],
    ['no idle time', { idleTimeoutSeconds: 0 }, '/body/idleTimeoutSeconds'],
    ['too long an idle time', { idleTimeoutSeconds: 86_401 }, '/body/idleTimeoutSeconds'],
    ['resume as text', { resume: 'true' }, '/body/resume'],
    ['an id that is null', { participantId: null }, '/body/participantId'],
  ])('is refused with %s', (_, body, place) => {
    expect(pointers('joinRoom', body)).toEqual([place]);
  });
});

function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

describe('a poll', () => {
  const defaults = { wait: 25, limit: 64 };

  test('reads the same from the query and from the body', () => {
    expect(queries.pollMessages.parse({})).toEqual(defaults);
    expect(schemas.pollMessages.parse({})).toEqual(defaults);
    expect(queries.pollMessages.parse({ after: '', wait: '0', limit: '100' })).toEqual({
      after: '',
      wait: 0,
      limit: 100,
    });
    expect(schemas.pollMessages.parse({ after: '', wait: 0, limit: 100 })).toEqual({ after: '', wait: 0, limit: 100 });
  });

  test('has a wait above the maximum lowered to it', () => {
    expect(queries.pollMessages.parse({ wait: '51' }).wait).toBe(50);
    expect(queries.pollMessages.parse({ wait: '9'.repeat(400) }).wait).toBe(50);
    expect(schemas.pollMessages.parse({ wait: 1e300 }).wait).toBe(50);
  });

  test.each(['-1', '25.5', '1e3', 'abc', '', ' 1', '+1', '0x10', '\u0663', '1\n'])(
    'refuses %j as a wait in the query',
    (wait) => {
      expect(queryPointers('pollMessages', { wait })).toEqual(['/query/wait']);
    },
  );

  test.each([-1, 25.5, '25', null, true, [], Infinity])('refuses %j as a wait in the body', (wait) => {
    expect(pointers('pollMessages', { wait })).toEqual(['/body/wait']);
  });

  test.each([0, 101, 1.5, -1, '64'])('refuses %j as a limit in the body', (limit) => {
    expect(pointers('pollMessages', { limit })).toEqual(['/body/limit']);
  });

  test.each(['0', '101', '1.5', '-1', ''])('refuses %j as a limit in the query', (limit) => {
    expect(queryPointers('pollMessages', { limit })).toEqual(['/query/limit']);
  });

  test('names a parameter that was given twice, and one that is unknown', () => {
    expect(queryFaults('pollMessages', { after: ['a', 'b'], wait: ['1', '1'], timeout: '5' })).toEqual([
      { pointer: '/query/after', detail: 'was given twice' },
      { pointer: '/query/wait', detail: 'was given twice' },
      { pointer: '/query/timeout', detail: 'unknown parameter; known: after, wait, limit' },
    ]);
  });
});
