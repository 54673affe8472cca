import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openManyFileStores } from '../support/store.ts';
import { stories } from './polls/actions.ts';
import { play } from './polls/story.ts';

const RUNS = 250;
/** A story that takes longer hangs. */
const STORY_MS = 10_000;
/** For so long a story that fails is made smaller before it is shown, with its seed. */
const SHRINK_MS = 45_000;
const TIMEOUT_MS = SHRINK_MS + 2 * STORY_MS;

test(
  `${RUNS} stories of polls that are held, raced, cut and restarted: nothing is lost, doubled or out of order`,
  async () => {
    const property = fc.asyncProperty(stories(60), (story) => play(openManyFileStores, story));
    await fc.assert(property, {
      numRuns: RUNS,
      timeout: STORY_MS,
      interruptAfterTimeLimit: SHRINK_MS,
      markInterruptAsFailure: true,
    });
    expect.assertions(0);
  },
  TIMEOUT_MS,
);
