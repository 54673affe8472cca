import { expect, test } from '@jest/globals';
import type { MailboxId, ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { Trace } from '../../src/observability/trace/trace.ts';
import { TestClock } from '../support/clock.ts';

test('the trace of a room says that a poll was shortened for its network, and how long it was held', () => {
  const trace = new Trace(new TestClock());
  const [roomId, participantId, mailboxId] = ['room' as RoomId, 'bob' as ParticipantId, 'bob' as MailboxId];
  const held = { heldMs: 25_500, messages: [], expired: 0 };
  trace.pollEnded({ roomId, participantId, mailboxId }, { end: 'shortened', ...held });
  expect(trace.text(roomId, [])).toContain(
    'bob  poll held 25.5 s, answered empty at the end of a window shortened for its network',
  );
});
