import { describe, test } from '@jest/globals';
import type { OpenLastingStore } from '../support/store.ts';
import { assertStories, STORIES_TIMEOUT_MS } from './assert-stories.ts';
import { stories, type Action } from './store/actions.ts';
import { play } from './store/story.ts';

/** Found by chance, one story in many thousands. */
const FOUND: Record<string, readonly Action[]> = {
  'somebody leaves right after the clock went back with a restart: the others time out when they should': [
    { kind: 'join', room: 0, id: 0, resume: false, token: null, key: null, body: 0, patient: true },
    { kind: 'join', room: 0, id: 1, resume: false, token: null, key: null, body: 0, patient: true },
    { kind: 'join', room: 0, id: 2, resume: false, token: null, key: null, body: 0, patient: true },
    { kind: 'join', room: 0, id: 0, resume: false, token: 0, key: null, body: 0, patient: false },
    { kind: 'restart', how: 'reopen', jumpMs: -3_600_000 },
    { kind: 'leave', who: 0 },
    { kind: 'pass', ms: 300_000, sweep: 'all' },
  ],
};

/**
 * Random stories of a few participants in two rooms, on the port of any store: whatever comes between, a mailbox is ordered,
 * whole, without doubles, and readable from every cursor that was ever given and not acknowledged over.
 */
export function describeStoreProperties(name: string, openStore: OpenLastingStore, runs: number): void {
  describe(name, () => {
    test.each(Object.entries(FOUND))('%s', (_, story) => play(openStore, story));

    test(
      `${runs} stories of joins, sends, reads, acknowledgements, time, restarts and roll-backs`,
      async () => {
        await assertStories(stories(60), runs, (story) => play(openStore, story));
      },
      STORIES_TIMEOUT_MS,
    );
  });
}
