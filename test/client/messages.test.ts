import { describe, expect, test } from '@jest/globals';
import { fieldsOf, parseCandidate, parseDescription, parseJoined, parseReason } from '../../src/client/messages.ts';
import type { ReceivedMessage } from '../../src/client/index.ts';
import { message } from './support/hostile-server.ts';

// The server refuses most of these values. Another server, or an older one, may not.
const NOT_TEXT = [5, true, null, {}, [], ['v=0']];
const NOT_OBJECTS = ['text', 5, true, null, undefined];

/** A message as the client parses it from JSON. */
const received = (type: string, payload: unknown): ReceivedMessage => message(type, { payload }) as ReceivedMessage;

describe('parseDescription', () => {
  const sdp = 'v=0\r\n';

  test('returns `type` and `sdp`, and drops every other field', () => {
    const sent = { type: 'offer', sdp, offerId: '1', __proto__: { polite: true } };
    expect(parseDescription(sent, 'offer')).toEqual({ type: 'offer', sdp });
  });

  test.each(NOT_TEXT)('throws for the `sdp` %j', (value) => {
    expect(() => parseDescription({ type: 'offer', sdp: value }, 'offer')).toThrow(new TypeError('malformed offer'));
  });

  test.each([...NOT_TEXT, 'rollback', 'pranswer', undefined])('throws for the `type` %j of an offer', (type) => {
    expect(() => parseDescription({ type, sdp }, 'offer')).toThrow(new TypeError('malformed offer'));
  });

  test('accepts a provisional answer, and throws for an offer in the place of an answer', () => {
    expect(parseDescription({ type: 'pranswer', sdp }, 'answer', 'pranswer')).toEqual({ type: 'pranswer', sdp });
    expect(() => parseDescription({ type: 'offer', sdp }, 'answer', 'pranswer')).toThrow('malformed answer');
  });
});

describe('parseCandidate', () => {
  const candidate = 'candidate:1 1 udp 1 192.0.2.1 9 typ host';

  test.each(NOT_TEXT)('throws for the `candidate` %j', (value) => {
    expect(() => parseCandidate({ candidate: value })).toThrow(new TypeError('malformed candidate'));
  });

  test.each(NOT_OBJECTS)('takes the payload %j for the end of candidates', (payload) => {
    expect(parseCandidate(payload)).toEqual({ candidate: '' });
  });

  test.each(NOT_TEXT)('ignores the `sdpMid` and the `usernameFragment` %j', (value) => {
    const sent = { candidate, sdpMid: value, usernameFragment: value, sdpMLineIndex: 1 };
    expect(parseCandidate(sent)).toEqual({ candidate, sdpMLineIndex: 1 });
  });

  test.each(['1', true, null, {}, []])('ignores the `sdpMLineIndex` %j', (sdpMLineIndex) => {
    expect(parseCandidate({ candidate, sdpMid: '1', sdpMLineIndex })).toEqual({ candidate, sdpMid: '1' });
  });
});

describe('parseReason', () => {
  test('returns the text that the other side gives', () => {
    expect(parseReason(received('reject', { reason: 'user_busy' }))).toBe('user_busy');
  });

  test.each([...NOT_TEXT, undefined])('returns the type of the message for the reason %j', (reason) => {
    expect(parseReason(received('reject', { reason }))).toBe('reject');
  });

  test.each(NOT_OBJECTS)('returns the type of the message for the payload %j', (payload) => {
    expect(parseReason(received('hangup', payload))).toBe('hangup');
  });
});

describe('parseJoined', () => {
  test.each([...NOT_OBJECTS, {}, { participantId: 5 }, { participantId: {} }])(
    'returns no participant for %j',
    (participant) => {
      expect(parseJoined(received('participant-joined', { participant }))).toBeUndefined();
    },
  );
});

describe('fieldsOf', () => {
  test.each(NOT_OBJECTS)('finds no fields in the payload %j', (payload) => {
    expect(fieldsOf(received('invite', payload))).toEqual({});
  });
});
