import { expect, test } from '@jest/globals';
import { randomText } from '../../src/signalling/random-text.ts';

test('texts have the length of so many bytes in base64url', () => {
  expect(randomText(9)).toMatch(/^[A-Za-z0-9_-]{12}$/);
  expect(randomText(24)).toMatch(/^[A-Za-z0-9_-]{32}$/);
});

test('no text comes twice, whatever is left of the stock', () => {
  const texts = Array.from({ length: 2_000 }, (_, index) => randomText(9 + (index % 17)));
  expect(new Set(texts.map((text) => text.slice(0, 12))).size).toBe(texts.length);
});
