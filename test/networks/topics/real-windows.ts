import { describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../../src/http/operations/index.ts';
import type { Answer } from '../../support/conformance.ts';
import { newRoom } from '../../support/member.ts';
import { AT, type Office, ROADS } from '../../support/networks/office.ts';
import { straight } from '../../support/networks/road.ts';
import { RoadMember } from '../../support/networks/road-member.ts';
import { QuietPoll } from '../../support/quiet-poll.ts';

interface Held {
  readonly answer: Answer;
  readonly heldMs: number;
  /** Whether a poll with twice the window, which began before, was still held when this one was answered. */
  readonly beforeLonger: boolean;
}

/** Seconds: the longest that the server allows. */
const LONGER_WAIT = 50;
const POLLS = ['receiveMessages', 'pollMessages'] as const;

/** By road and operation: polls that nothing is sent to, with the default `wait`. */
export type RealWindows = ReadonlyMap<string, Promise<Held>>;

const nameOf = (road: string, operation: OperationId): string => `${operation} ${road}`;

export async function startRealWindows(office: Office): Promise<RealWindows> {
  const windows = new Map<string, Promise<Held>>();
  const direct = straight(office.premises.internet, AT.holdline);
  const longer = await QuietPoll.start(await RoadMember.join(direct, newRoom(), 'alone'), LONGER_WAIT);
  for (const [words, open] of Object.entries(ROADS)) {
    for (const operation of POLLS) {
      const member = await RoadMember.join(open(office, office.alice), newRoom(), 'alone');
      const held = hold(member, operation, longer);
      // Whether it was held is judged at the end, unless the run ends before that.
      held.catch(() => undefined);
      windows.set(nameOf(words, operation), held);
    }
  }
  return windows;
}

async function hold(member: RoadMember, operation: (typeof POLLS)[number], longer: QuietPoll): Promise<Held> {
  const startedAt = performance.now();
  const { cursor: after } = member.joined;
  const answer = await member.call(
    operation,
    operation === 'pollMessages' ? { body: { after } } : { query: { after } },
  );
  return { answer, heldMs: performance.now() - startedAt, beforeLonger: longer.isHeld };
}

export function describeRealWindows(windows: () => RealWindows): void {
  describe.each(Object.keys(ROADS))('a poll of the default 25 s, %s', (words) => {
    test.each(POLLS)('is held to the end of its window: %s', async (operation) => {
      const held = await windows().get(nameOf(words, operation));
      expect(held?.answer).toMatchObject({ status: 200, body: { messages: [], more: false, expired: 0 } });
      // The real hold is up to 10 % shorter, never longer. A slow machine only adds to what is measured here.
      expect(held?.heldMs).toBeGreaterThan(22_400);
      expect(held?.beforeLonger).toBe(true);
    });
  });
}
