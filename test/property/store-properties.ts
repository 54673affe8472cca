import { describe, test } from '@jest/globals';
import type { OpenLastingStore } from '../support/store.ts';
import { assertStories, STORIES_TIMEOUT_MS } from './assert-stories.ts';
import { stories } from './store/actions.ts';
import { play } from './store/story.ts';

/**
 * Random stories of a few participants in two rooms, on the port of any store: whatever comes between, a mailbox is ordered,
 * whole, without doubles, and readable from every cursor that was ever given and not acknowledged over.
 */
export function describeStoreProperties(name: string, openStore: OpenLastingStore, runs: number): void {
  describe(name, () => {
    test(
      `${runs} stories of joins, sends, reads, acknowledgements, time, restarts and roll-backs`,
      async () => {
        await assertStories(stories(60), runs, (story) => play(openStore, story));
      },
      STORIES_TIMEOUT_MS,
    );
  });
}
