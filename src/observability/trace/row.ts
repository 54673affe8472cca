import type { MailboxId, MessageId } from '../../signalling/ids.ts';

/** What a row is: an event, or after that a part of it, such as one of its recipients. */
export const KIND = {
  joined: 0,
  gone: 1,
  sent: 2,
  poll: 3,
  acknowledged: 4,
  expired: 5,
  batch: 6,
  reading: 7,
  recipient: 8,
  delivered: 9,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

/** Offsets of the fields in bytes. */
const AT_MS = 0;
const NUMBER = 8;
/** The id of a message, in 16 bytes; or the id of a mailbox in 12 bytes, and `count`. */
const ID = 16;
const COUNT = 28;
const ROOM = 32;
const PARTICIPANT = 34;
const BACK = 36;
const KIND_OF_ROW = 38;
const CODE = 39;
export const ROW_BYTES = 40;

const MAILBOX_ID_CHARACTERS = COUNT - ID;
const UUID_BYTES = 16;

/** A cursor over rows in a buffer: reads and writes the fields of one row. */
export class Row {
  readonly #bytes: DataView;
  #offset = 0;

  constructor(bytes: DataView, index = 0) {
    this.#bytes = bytes;
    this.seek(index);
  }

  seek(index: number): this {
    this.#offset = index * ROW_BYTES;
    return this;
  }

  get kind(): number {
    return this.#bytes.getUint8(this.#offset + KIND_OF_ROW);
  }

  set kind(value: number) {
    this.#bytes.setUint8(this.#offset + KIND_OF_ROW, value);
  }

  get isPart(): boolean {
    return this.kind >= KIND.recipient;
  }

  /** Unix milliseconds by the wall clock. */
  get atMs(): number {
    return this.#bytes.getFloat64(this.#offset + AT_MS);
  }

  set atMs(value: number) {
    this.#bytes.setFloat64(this.#offset + AT_MS, value);
  }

  /** A position, a duration or a number of messages, by the kind of the row. */
  get number(): number {
    return this.#bytes.getFloat64(this.#offset + NUMBER);
  }

  set number(value: number) {
    this.#bytes.setFloat64(this.#offset + NUMBER, value);
  }

  /** A value of a closed set, by the kind of the row. */
  get code(): number {
    return this.#bytes.getUint8(this.#offset + CODE);
  }

  set code(value: number) {
    this.#bytes.setUint8(this.#offset + CODE, value);
  }

  /** A number of `Names`. */
  get room(): number {
    return this.#bytes.getUint16(this.#offset + ROOM);
  }

  set room(value: number) {
    this.#bytes.setUint16(this.#offset + ROOM, value);
  }

  /** A number of `Names`. */
  get participant(): number {
    return this.#bytes.getUint16(this.#offset + PARTICIPANT);
  }

  set participant(value: number) {
    this.#bytes.setUint16(this.#offset + PARTICIPANT, value);
  }

  /** Distance in rows to the event before this one in its room; 0 for none. */
  get back(): number {
    return this.#bytes.getUint16(this.#offset + BACK);
  }

  set back(value: number) {
    this.#bytes.setUint16(this.#offset + BACK, value);
  }

  /** Absent from a row with a message id. */
  get count(): number {
    return this.#bytes.getUint32(this.#offset + COUNT);
  }

  set count(value: number) {
    this.#bytes.setUint32(this.#offset + COUNT, value);
  }

  get messageId(): string {
    const hex = Buffer.from(this.#bytes.buffer, this.#offset + ID, UUID_BYTES).toString('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  /** @param id a UUID */
  setMessageId(id: MessageId): void {
    const bytes = this.#bytes;
    const offset = this.#offset + ID;
    for (let group = 0; group < UUID_BYTES / 2; group += 1) {
      const dashes = Math.min(Math.max(group - 1, 0), 4);
      bytes.setUint16(offset + 2 * group, fourDigits(id, 4 * group + dashes));
    }
  }

  /** Its first 12 characters: all, in practice. */
  get mailboxId(): string {
    return Buffer.from(this.#bytes.buffer, this.#offset + ID, MAILBOX_ID_CHARACTERS).toString('latin1');
  }

  setMailboxId(id: MailboxId): void {
    for (let index = 0; index < MAILBOX_ID_CHARACTERS; index += 1) {
      this.#bytes.setUint8(this.#offset + ID + index, characterOf(id, index));
    }
  }

  hasMailboxId(id: MailboxId): boolean {
    for (let index = 0; index < MAILBOX_ID_CHARACTERS; index += 1) {
      if (this.#bytes.getUint8(this.#offset + ID + index) !== characterOf(id, index)) return false;
    }
    return true;
  }
}

const characterOf = (id: MailboxId, index: number): number => (index < id.length ? id.charCodeAt(index) : 0);

const fourDigits = (text: string, at: number): number =>
  (digit(text, at) << 12) | (digit(text, at + 1) << 8) | (digit(text, at + 2) << 4) | digit(text, at + 3);

/** A hexadecimal digit. The codes of letters are 64 and above, and that of `a` ends in 1. */
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
}
