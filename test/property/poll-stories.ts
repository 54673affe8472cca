import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { OpenLastingStore } from '../support/store.ts';
import { stories } from './polls/actions.ts';
import { play } from './polls/story.ts';

/** A story that takes longer hangs. */
const STORY_MS = 10_000;
/** For so long a story that fails is made smaller before it is shown, with its seed. */
const SHRINK_MS = 45_000;
const TIMEOUT_MS = SHRINK_MS + 2 * STORY_MS;

/** Random stories of a few clients whose polls are held by the real rules, on any store. */
export function testPollStories(name: string, openStore: OpenLastingStore, runs: number): void {
  test(
    `${name}: ${runs} stories of polls that are held, raced, cut and restarted: nothing is lost, doubled or out of order`,
    async () => {
      const property = fc.asyncProperty(stories(60), (story) => play(openStore, story));
      await fc.assert(property, {
        numRuns: runs,
        timeout: STORY_MS,
        interruptAfterTimeLimit: SHRINK_MS,
        markInterruptAsFailure: true,
      });
      expect.assertions(0);
    },
    TIMEOUT_MS,
  );
}
