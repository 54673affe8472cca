import { describe, expect, test } from '@jest/globals';
import type { MailboxId, MessageId, ParticipantId, RoomId } from '../../src/signalling/ids.ts';
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

const textOf = (trace: Trace, room: string) => trace.text(room as RoomId, []);
const knows = (trace: Trace, room: string): boolean => textOf(trace, room) !== undefined;

describe('the memory of the trace is bounded', () => {
  test('a text has the latest 400 events of its room', () => {
    const trace = new Trace(new TestClock());
    joins(trace, 'room', 1_000);
    const text = textOf(trace, 'room') ?? '';
    expect(text).toContain('the last 400 events');
    expect(text).toContain('p999 ');
    expect(text).not.toContain(' p599 ');
  });

  test('over all rooms, the oldest events are dropped first', () => {
    const trace = new Trace(new TestClock(), { size: { rows: 100, names: 50 } });
    joins(trace, 'old', 10);
    for (let time = 0; time < 95; time += 1) trace.joined(mailbox('busy'), true);
    expect(textOf(trace, 'old')).toContain('the last 5 events');
    joins(trace, 'new', 5);
    expect(['old', 'busy', 'new'].map((room) => knows(trace, room))).toEqual([false, true, true]);
  });

  test('events with too many different names are dropped before there are too many events', () => {
    const trace = new Trace(new TestClock(), { size: { rows: 100, names: 50 } });
    for (let room = 0; room < 60; room += 1) joins(trace, `room-${room}`, 1);
    expect(knows(trace, 'room-10')).toBe(false);
    expect(knows(trace, 'room-11')).toBe(true);
  });

  test('an event loses its parts with it', () => {
    const trace = new Trace(new TestClock(), { size: { rows: 4, names: 50 } });
    const message = { id: '019aaf3c-7b1d-7c52-8e8b-3f6d1a2b4c5d' as MessageId, type: 'custom', ttlMs: 1_000 };
    const recipients = ['bob', 'carol', 'dave'].map((name) => ({
      participantId: name as ParticipantId,
      listening: true,
    }));
    trace.sent(mailbox('room'), [message], [{ id: message.id, sentAtMs: 0, recipients }]);
    expect(textOf(trace, 'room')).toContain('sent custom to bob: in no reply yet; carol');
    trace.joined(mailbox('room', 'eve'), false);
    expect(textOf(trace, 'room')).not.toContain('carol');
    expect(textOf(trace, 'room')).toContain('the last 1 events');
  });

  test('a repeated cursor adds one acknowledgement to the trace', () => {
    const trace = new Trace(new TestClock());
    for (let time = 0; time < 10; time += 1) trace.acknowledged(mailbox('room'), 7);
    expect(textOf(trace, 'room')).toContain('the last 1 events');
  });
});
