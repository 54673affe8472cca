import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { fingerprint, isSameBody, joinScope } from '../../src/signalling/idempotency.ts';

describe('a fingerprint', () => {
  test('is equal exactly for texts that are equal byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        expect(fingerprint(one) === fingerprint(other)).toBe(one === other);
      }),
    );
  });

  test.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['{"a":1}', '{ "a":1}'],
    ['{"a":1}', '{"a":1.0}'],
    ['"é"', '"\\u00e9"'],
    ['{}', ''],
  ])('of %s differs from that of %s', (one, other) => {
    expect(isSameBody(fingerprint(one), fingerprint(other))).toBe(false);
  });

  test('of version 0.1.0 cannot be compared with a new one: the key stands for any body', () => {
    const old = 'q3UyUYGu4LsGhNs5hPAxi3fpHqmzwbqcTyTKN8ZbA5o';
    expect(isSameBody(old, fingerprint('{}'))).toBe(true);
    expect(isSameBody(old, old)).toBe(true);
    expect(isSameBody(old, old.toUpperCase())).toBe(false);
  });
});

describe('the idempotency scope of a join', () => {
  const scope = (room: string, id: string | undefined, caller = ''): string => {
    const request = { roomId: room as RoomId, participantId: id as ParticipantId | undefined, caller };
    return joinScope(request, { key: 'key', fingerprint: '' }).scope;
  };

  test('differs when room, id or caller differ, whatever they contain', () => {
    expect(scope('ab', 'c')).not.toBe(scope('a', 'bc'));
    expect(scope('","', 'x')).not.toBe(scope('', '","x'));
    expect(scope('a', 'b', 'c')).not.toBe(scope('a', 'c', 'b'));
  });
});
