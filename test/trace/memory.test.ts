import { describe, expect, test } from '@jest/globals';
import type { MailboxId, ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { Trace } from '../../src/observability/trace/trace.ts';
import { TestClock } from '../support/clock.ts';

const mailbox = (room: string, who = 'alice') => ({
  roomId: room as RoomId,
  participantId: who as ParticipantId,
  mailboxId: `${room}${who}` as MailboxId,
});

const joins = (trace: Trace, room: string, times: number): void => {
  for (let time = 0; time < times; time += 1) trace.joined(mailbox(room, `p${time}`), false);
};

const knows = (trace: Trace, room: string): boolean => trace.text(room as RoomId) !== undefined;

describe('the memory of the trace is bounded', () => {
  test('in one room, the oldest events are dropped first', () => {
    const trace = new Trace(new TestClock());
    joins(trace, 'room', 1_000);
    const text = trace.text('room' as RoomId) ?? '';
    expect(text).toContain('the last 400 events');
    expect(text).toContain('p999 ');
    expect(text).not.toContain(' p599 ');
  });

  test('over all rooms, inactive rooms are dropped first', () => {
    const trace = new Trace(new TestClock(), { maxEvents: 100 });
    joins(trace, 'old', 10);
    joins(trace, 'busy', 10);
    for (let room = 0; room < 200; room += 1) {
      joins(trace, `room-${room}`, 1);
      trace.joined(mailbox('busy'), true);
    }
    expect(knows(trace, 'old')).toBe(false);
    expect(knows(trace, 'busy')).toBe(true);
    expect(knows(trace, 'room-199')).toBe(true);
    expect(knows(trace, 'room-0')).toBe(false);
  });

  test('a repeated cursor adds one acknowledgement to the trace', () => {
    const trace = new Trace(new TestClock());
    for (let time = 0; time < 10; time += 1) trace.acknowledged(mailbox('room'), 7);
    expect(trace.text('room' as RoomId)).toContain('the last 1 events');
  });
});
