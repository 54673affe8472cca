import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import type { OpenLastingStore } from '../support/store.ts';
import { stories } from './store/actions.ts';
import { play } from './store/story.ts';

/** A story that takes longer hangs. */
const STORY_MS = 10_000;
/** For so long a story that fails is made smaller before it is shown, with its seed. */
const SHRINK_MS = 45_000;
const TIMEOUT_MS = SHRINK_MS + 2 * STORY_MS;

/**
 * Random stories of a few participants in two rooms, on the port of any store: whatever comes between, a mailbox is ordered,
 * whole, without doubles, and readable from every cursor that was ever given and not acknowledged over.
 */
export function describeStoreProperties(name: string, openStore: OpenLastingStore, runs: number): void {
  describe(name, () => {
    test(
      `${runs} stories of joins, sends, reads, acknowledgements, time, restarts and roll-backs`,
      async () => {
        const property = fc.asyncProperty(stories(60), (story) => play(openStore, story));
        await fc.assert(property, {
          numRuns: runs,
          timeout: STORY_MS,
          interruptAfterTimeLimit: SHRINK_MS,
          markInterruptAsFailure: true,
        });
      },
      TIMEOUT_MS,
    );
  });
}
