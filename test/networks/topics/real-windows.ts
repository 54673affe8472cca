import { describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../../src/http/operations/index.ts';
import type { Answer } from '../../support/conformance.ts';
import { newRoom } from '../../support/member.ts';
import { ENDPOINTS, type CorporateProxyNetwork, ROUTES } from '../../support/networks/corporate-proxy-network.ts';
import { direct } from '../../support/networks/http-route.ts';
import { RoutedMember } from '../../support/networks/routed-member.ts';
import { QuietPoll } from '../../support/quiet-poll.ts';

interface Held {
  readonly answer: Answer;
  readonly heldMs: number;
  /** Whether an earlier poll with twice the window was still held when this one was answered. */
  readonly beforeLonger: boolean;
}

/** Seconds; the maximum of the server. */
const LONGER_WAIT = 50;
const POLLS = ['receiveMessages', 'pollMessages'] as const;

/** Polls with the default `wait` that receive nothing, by route and operation. */
export type RealWindows = ReadonlyMap<string, Promise<Held>>;

const nameOf = (route: string, operation: OperationId): string => `${operation} ${route}`;

export async function startRealWindows(network: CorporateProxyNetwork): Promise<RealWindows> {
  const windows = new Map<string, Promise<Held>>();
  const directRoute = direct(network.machines.internet, ENDPOINTS.holdline);
  const longer = await QuietPoll.start(await RoutedMember.join(directRoute, newRoom(), 'alone'), LONGER_WAIT);
  for (const [words, open] of Object.entries(ROUTES)) {
    for (const operation of POLLS) {
      const member = await RoutedMember.join(open(network, network.alice), newRoom(), 'alone');
      const held = hold(member, operation, longer);
      // The tests report a failure at the end, unless the run ends before.
      held.catch(() => undefined);
      windows.set(nameOf(words, operation), held);
    }
  }
  return windows;
}

async function hold(member: RoutedMember, operation: (typeof POLLS)[number], longer: QuietPoll): Promise<Held> {
  const startedAt = performance.now();
  const { cursor: after } = member.joined;
  const answer = await member.call(
    operation,
    operation === 'pollMessages' ? { body: { after } } : { query: { after } },
  );
  return { answer, heldMs: performance.now() - startedAt, beforeLonger: longer.isHeld };
}

export function describeRealWindows(windows: () => RealWindows): void {
  describe.each(Object.keys(ROUTES))('a poll of the default 25 s, %s', (words) => {
    test.each(POLLS)('is held to the end of its window: %s', async (operation) => {
      const held = await windows().get(nameOf(words, operation));
      expect(held?.answer).toMatchObject({ status: 200, body: { messages: [], more: false, expired: 0 } });
      // The real hold is up to 10 % shorter, never longer. A slow machine only adds to the measured time.
      expect(held?.heldMs).toBeGreaterThan(22_400);
      expect(held?.beforeLonger).toBe(true);
    });
  });
}
