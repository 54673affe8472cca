import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openManyFileStores } from '../support/store.ts';
import { stories } from './polls/actions.ts';
import { play } from './polls/story.ts';

const RUNS = 250;
/** Milliseconds: a run that fails is made small before it is shown. */
const TIMEOUT_MS = 60_000;

test(
  `${RUNS} stories of polls that are held, raced, cut and restarted: nothing is lost, doubled or out of order`,
  async () => {
    const property = fc.asyncProperty(stories(60), (story) => play(openManyFileStores, story));
    await fc.assert(property, { numRuns: RUNS });
    expect.assertions(0);
  },
  TIMEOUT_MS,
);
