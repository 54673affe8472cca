import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventRing, type RingSize } from '../../src/observability/trace/event-ring.ts';
import { KIND } from '../../src/observability/trace/row.ts';
import type { MailboxId, MessageId, ParticipantId, RoomId } from '../../src/signalling/ids.ts';

interface Event {
  readonly room: string;
  readonly participant: string;
  /** Names of its parts; undefined for a part without a name. */
  readonly parts: readonly (string | undefined)[];
}

/** Few names, so that rooms and participants share some of them. */
const NAME = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const EVENT: fc.Arbitrary<Event> = fc.record({
  room: NAME,
  participant: NAME,
  parts: fc.array(fc.option(NAME, { nil: undefined }), { maxLength: 4 }),
});
const SIZE: fc.Arbitrary<RingSize> = fc.record({
  rows: fc.integer({ min: 1, max: 40 }),
  names: fc.integer({ min: 2, max: 7 }),
});

interface ListedRow {
  /** Absent from a part. */
  readonly room?: string;
  readonly participant: string | undefined;
  readonly number: number;
}

/** The model: a list from which the oldest rows are taken. */
class ListedRows {
  readonly #size: RingSize;
  #rows: readonly ListedRow[] = [];

  constructor(size: RingSize) {
    this.#size = size;
  }

  add(row: ListedRow): void {
    while (this.#rows.length > 0 && this.#isTooMuch(row)) this.#rows = this.#rows.slice(1);
    this.#rows = [...this.#rows, row];
  }

  events(room: string) {
    return this.#rows.flatMap((row, index) => {
      if (row.room !== room) return [];
      const after = this.#rows.slice(index + 1);
      const end = after.findIndex((other) => other.room !== undefined);
      const parts = end === -1 ? after : after.slice(0, end);
      return [{ name: row.participant, number: row.number, parts: parts.map(({ participant }) => participant ?? '') }];
    });
  }

  #isTooMuch(added: ListedRow): boolean {
    const names = [...this.#rows, added].flatMap(({ room, participant }) => [room, participant]);
    const distinct = new Set(names.filter((name) => name !== undefined));
    return this.#rows.length === this.#size.rows || distinct.size > this.#size.names;
  }
}

describe('the ring of events', () => {
  test('has what a list has from which the oldest rows are taken, for any events and sizes', () => {
    fc.assert(
      fc.property(SIZE, fc.array(EVENT, { maxLength: 60 }), (size, events) => {
        const ring = new EventRing(size);
        const list = new ListedRows(size);
        events.forEach(({ room, participant, parts }, number) => {
          ring.add(KIND.sent, mailbox(room, participant), number).number = number;
          list.add({ room, participant, number });
          for (const part of parts) {
            ring.addPart(KIND.recipient, part as ParticipantId | undefined).number = 0;
            list.add({ participant: part, number: 0 });
          }
          for (const name of 'abcdef') expect(read(ring, name)).toEqual(list.events(name));
        });
      }),
    );
  });

  test('keeps ids and numbers exactly', () => {
    const ring = new EventRing({ rows: 10, names: 10 });
    const own = { ...mailbox('room', 'alice'), mailboxId: 'aZ09_-aZ09_-' as MailboxId };
    const position = Number.MAX_SAFE_INTEGER;
    const row = ring.add(KIND.acknowledged, own, 1_767_614_400_123.5);
    row.number = position;
    row.setMailboxId(own.mailboxId);
    const id = '019aaf3c-7b1d-7c52-8e8b-3f6d1a2b4c5d' as MessageId;
    ring.addPart(KIND.delivered).setMessageId(id);
    const [event] = ring.events('room' as RoomId, 1);
    expect(event?.row).toMatchObject({ atMs: 1_767_614_400_123.5, number: position, mailboxId: own.mailboxId });
    expect(event?.parts[0]?.messageId).toBe(id);
    expect(ring.acknowledged(own, 1)).toBe(position);
    expect(ring.acknowledged({ ...own, mailboxId: 'aZ09_-aZ09_.' as MailboxId }, 1)).toBeUndefined();
  });
});

const mailbox = (room: string, participant: string) => ({
  roomId: room as RoomId,
  participantId: participant as ParticipantId,
  mailboxId: participant as MailboxId,
});

const read = (ring: EventRing, room: string) =>
  ring.events(room as RoomId, Infinity).map(({ row, parts }) => ({
    name: ring.participantOf(row),
    number: row.number,
    parts: parts.map((part) => ring.participantOf(part)),
  }));
