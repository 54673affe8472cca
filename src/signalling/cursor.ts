import { cursorExpiredError, invalidCursor, type SignallingError } from './errors.ts';
import type { MailboxId } from './ids.ts';

/**
 * A position in one mailbox incarnation. Positions contain time, `max(last + 1, now in microseconds)`, so that none is
 * issued twice, even after the store was rolled back to an older copy.
 */
export interface Cursor {
  readonly mailboxId: MailboxId;
  readonly position: number;
}

const FORM = /^([A-Za-z0-9_-]{12})\.(0|[1-9a-z][0-9a-z]{0,10})$/;

export const encodeCursor = (cursor: Cursor): string => `${cursor.mailboxId}.${cursor.position.toString(36)}`;

/** @throws SignallingError `invalid-cursor` for any text that `encodeCursor` does not produce. */
export function decodeCursor(text: string): Cursor {
  const [, mailboxId, digits] = FORM.exec(text) ?? [];
  const position = digits === undefined ? NaN : parseInt(digits, 36);
  if (mailboxId === undefined || !Number.isSafeInteger(position)) throw invalidCursor();
  return { mailboxId: mailboxId as MailboxId, position };
}

/**
 * A cursor has expired if it belongs to another incarnation, is behind the acknowledged position, or is ahead of the
 * head (the store was rolled back).
 * @throws SignallingError `cursor-expired` with `resetCursor`
 */
export function checkCursor(
  cursor: Cursor,
  mailbox: { mailboxId: MailboxId; acknowledged: number; head: number },
): void {
  const isKnown = cursor.mailboxId === mailbox.mailboxId;
  if (isKnown && cursor.position >= mailbox.acknowledged && cursor.position <= mailbox.head) return;
  throw cursorExpired(cursor, mailbox);
}

export function cursorExpired(
  cursor: Cursor,
  mailbox: { mailboxId: MailboxId; acknowledged: number; head: number },
): SignallingError {
  const resetCursor = encodeCursor({ mailboxId: mailbox.mailboxId, position: mailbox.acknowledged });
  if (cursor.mailboxId !== mailbox.mailboxId) return cursorExpiredError('foreign', resetCursor);
  return cursorExpiredError(cursor.position > mailbox.head ? 'ahead' : 'behind', resetCursor);
}
