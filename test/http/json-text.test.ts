import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { elementSources, memberSource } from '../../src/http/request/json-text.ts';

describe('memberSource and elementSources return values as they stand in the text', () => {
  test.each<[string, string | undefined]>([
    ['{}', undefined],
    [' { } ', undefined],
    ['{"a":1,"payload":1.0,"b":2}', '1.0'],
    ['{"payload":1e400}', '1e400'],
    ['{"payload":12345678901234567890}', '12345678901234567890'],
    ['{"payload" :\n\t[ 1 , {"x":"}"} ]\r, "b":0}', '[ 1 , {"x":"}"} ]'],
    ['{"payload":"a\\"b\\\\","x":1}', '"a\\"b\\\\"'],
    ['{"payload":{"__proto__":{"a":1},"a":1,"a":2}}', '{"__proto__":{"a":1},"a":1,"a":2}'],
    ['{"x":{"payload":1},"y":["payload",2],"z":"payload"}', undefined],
    ['{"pay\\u006coad":"\\ud800"}', '"\\ud800"'],
    ['{"payload":1,"payload":true}', 'true'],
    ['{"payload":null}', 'null'],
  ])('%s', (text, expected) => {
    expect(memberSource(text, 'payload')).toBe(expected);
  });

  test('every element of an array', () => {
    expect(elementSources(' [ 1.50 , "],[" ,\n{"a":[1,2]}, [ ] ,null] ')).toEqual([
      '1.50',
      '"],["',
      '{"a":[1,2]}',
      '[ ]',
      'null',
    ]);
    expect(elementSources('[ ]')).toEqual([]);
  });

  test('in any JSON and indentation, they return the same values as JSON.parse', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.nat(3), (made, indent) => {
        const text = JSON.stringify(made, null, indent);
        // JSON.stringify writes -0 as 0.
        const objects = JSON.parse(text) as typeof made;
        const texts = elementSources(text);
        expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(objects);
        for (const [index, object] of objects.entries()) {
          for (const [name, value] of Object.entries(object)) {
            expect(JSON.parse(memberSource(texts[index] ?? '', name) ?? '')).toEqual(value);
          }
        }
      }),
    );
  });
});
