import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkCursor, decodeCursor, encodeCursor, type Cursor } from '../../src/signalling/cursor.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { newMailboxId, type MailboxId } from '../../src/signalling/ids.ts';

const BASE64URL = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

const mailboxIds = fc
  .string({ unit: fc.constantFrom(...BASE64URL), minLength: 12, maxLength: 12 })
  .map((text) => text as MailboxId);
const positions = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER, 1_767_614_400_000_000));
const cursors: fc.Arbitrary<Cursor> = fc.record({ mailboxId: mailboxIds, position: positions });

/** Texts that resemble a cursor, and arbitrary texts. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...BASE64URL, '.', ' ', '\n', '%', '\0', 'é'), maxLength: 40 }),
  fc
    .tuple(cursors.map(encodeCursor), fc.nat(40), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([text, at, inserted]) => text.slice(0, at) + inserted + text.slice(at)),
);

function refusalOf(text: string): unknown {
  try {
    decodeCursor(text);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a cursor', () => {
  test('decodes to what was encoded', () => {
    fc.assert(fc.property(cursors, (cursor) => expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)));
    const mailboxId = newMailboxId();
    expect(decodeCursor(encodeCursor({ mailboxId, position: 7 }))).toEqual({ mailboxId, position: 7 });
  });

  test('is safe in a URL, and shorter than 30 characters', () => {
    fc.assert(fc.property(cursors, (cursor) => expect(encodeCursor(cursor)).toMatch(/^[A-Za-z0-9._-]{1,30}$/)));
  });

  test('is refused with invalid-cursor unless it is exactly what the server would encode', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const refusal = refusalOf(text);
        if (refusal === undefined) expect(encodeCursor(decodeCursor(text))).toBe(text);
        else expect(refusal).toMatchObject({ name: 'SignallingError', code: 'invalid-cursor' });
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    '',
    '.',
    'A'.repeat(12),
    `${'A'.repeat(12)}.`,
    `${'A'.repeat(12)}.-1`,
    `${'A'.repeat(12)}.01`,
    `${'A'.repeat(12)}.1e3.`,
    `${'A'.repeat(12)}.A`,
    `${'A'.repeat(12)}.1\n`,
    ` ${'A'.repeat(12)}.1`,
    `${'A'.repeat(12)}.${(2 ** 53).toString(36)}`,
    `${'A'.repeat(12)}.${'z'.repeat(11)}`,
    `${'A'.repeat(11)}.1`,
    `${'A'.repeat(13)}.1`,
    '\ud800',
    'x'.repeat(10_240),
  ])('%j is refused with invalid-cursor', (text) => {
    expect(refusalOf(text)).toMatchObject({ code: 'invalid-cursor' });
  });
});

describe('checkCursor', () => {
  const mailboxId = newMailboxId();
  const mailbox = { mailboxId, acknowledged: 10, head: 20 };

  test.each([10, 15, 20])('accepts position %d, between the acknowledged position and the head', (position) => {
    checkCursor({ mailboxId, position }, mailbox);
  });

  test.each([
    [{ mailboxId, position: 9 }, 'is behind what this mailbox has acknowledged'],
    [{ mailboxId, position: 21 }, 'is ahead of this mailbox'],
    [{ mailboxId: newMailboxId(), position: 15 }, 'belongs to another mailbox, or to this one before a new join'],
  ])('refuses %j with cursor-expired: it %s', (cursor, cause) => {
    const check = (): void => checkCursor(cursor, mailbox);
    expect(check).toThrow(SignallingError);
    expect(check).toThrow(
      expect.objectContaining({
        code: 'cursor-expired',
        message: expect.stringContaining(`The cursor ${cause}. `),
        details: { resetCursor: encodeCursor({ mailboxId, position: 10 }) },
      }),
    );
  });
});
