import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { fingerprint, joinScope } from '../../src/signalling/idempotency.ts';

const parsed = (text: string): unknown => JSON.parse(text) as unknown;
const ofText = (text: string): string => fingerprint(parsed(text));

/** The same JSON with the keys of its objects in reverse order. */
function withReversedKeys(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withReversedKeys);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .reverse()
      .map(([key, value]) => [key, withReversedKeys(value)]),
  );
}

describe('a fingerprint', () => {
  test('does not depend on spacing or the order of keys', () => {
    expect(ofText('{"a":1,"b":{"c":[1,2],"d":null}}')).toBe(ofText('{ "b": {"d":null,"c":[1, 2]}, "a": 1.0 }'));
    fc.assert(
      fc.property(fc.jsonValue(), (json) => expect(fingerprint(withReversedKeys(json))).toBe(fingerprint(json))),
    );
  });

  test('differs exactly when the JSON differs', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const same = canonical(one) === canonical(other);
        expect(fingerprint(one) === fingerprint(other)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['{}', '[]'],
    ['{"a":{}}', '{"a":[]}'],
    ['{"a":1}', '[{"a":1}]'],
    ['{"a":1}', '[["a",1]]'],
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":null}', '{}'],
    ['[null]', '[]'],
    ['[1,2]', '[2,1]'],
    ['{"1":0,"a":0}', '{"1":0,"A":0}'],
    ['{"__proto__":{"x":1}}', '{"__proto__":{"x":2}}'],
    ['{"__proto__":{"x":1}}', '{}'],
    ['{"constructor":{"prototype":1}}', '{}'],
    ['"\\ud800"', '"\\ud801"'],
    ['"a"', '"A"'],
    ['true', '"true"'],
  ])('of %s differs from that of %s', (one, other) => {
    expect(ofText(one)).not.toBe(ofText(other));
  });

  test('treats `__proto__` like any other key', () => {
    expect(ofText('{"__proto__":1,"a":2}')).toBe(ofText('{"a":2,"__proto__":1}'));
    expect(Object.prototype).not.toHaveProperty('x');
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

/** A canonical text, as an independent check of equality. */
function canonical(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(canonical).join()}]`;
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  const pairs = Object.entries(json).map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`);
  return `{${pairs.sort().join()}}`;
}
