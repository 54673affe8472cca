import { describe, expect, test } from '@jest/globals';
import { newMailboxId, newMessageId, newParticipantId, randomText } from '../../src/signalling/ids.ts';
import { mintToken, readToken, secretMatches } from '../../src/signalling/tokens.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids', () => {
  test.each([0, 1, Date.UTC(2026, 0, 5), 2 ** 48 - 1])('a message id at %d ms is a UUIDv7 of that time', (unixMs) => {
    const id = newMessageId(unixMs);
    expect(id).toMatch(UUID_V7);
    expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(unixMs);
  });

  test('message ids of one millisecond differ in each of their random parts', () => {
    const ids = Array.from({ length: 5_000 }, () => newMessageId(1_767_614_400_000));
    expect(new Set(ids).size).toBe(5_000);
    expect(new Set(ids.map((id) => id.slice(15, 18))).size).toBeGreaterThan(2_000);
    expect([...new Set(ids.map((id) => id.charAt(19)))].sort()).toEqual(['8', '9', 'a', 'b']);
    expect(new Set(ids.map((id) => id.slice(24))).size).toBe(5_000);
  });

  test('message ids sort by time', () => {
    expect(newMessageId(1_000) < newMessageId(1_001)).toBe(true);
  });

  test('generated participant ids match the pattern, have 22 characters and are unique', () => {
    const ids = Array.from({ length: 1_000 }, newParticipantId);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(ids).size).toBe(1_000);
  });

  test('mailbox ids are unique', () => {
    expect(new Set(Array.from({ length: 1_000 }, newMailboxId)).size).toBe(1_000);
  });
});

describe('tokens', () => {
  test('a token consists of a handle and a secret that matches its digest', () => {
    const { token, handle, digest } = mintToken();
    const read = readToken(token);
    expect(read?.handle).toBe(handle);
    expect(secretMatches(read?.secret ?? '', digest)).toBe(true);
    expect(secretMatches(mintToken().token.slice(13), digest)).toBe(false);
    expect(token).not.toContain(digest);
  });

  test.each(['', '.', 'x'.repeat(45), `${'x'.repeat(12)}.${'x'.repeat(31)}`, `${'x'.repeat(12)}.${'x'.repeat(32)}\n`])(
    '%j is not a token',
    (text) => {
      expect(readToken(text)).toBeUndefined();
    },
  );
});

test('randomText returns unique texts of that many bytes in base64url', () => {
  expect(randomText(9)).toMatch(/^[A-Za-z0-9_-]{12}$/);
  expect(randomText(24)).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(new Set(Array.from({ length: 2_000 }, () => randomText(9))).size).toBe(2_000);
});
