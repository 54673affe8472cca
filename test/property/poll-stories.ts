import { expect, test } from '@jest/globals';
import type { OpenLastingStore } from '../support/store.ts';
import { assertStories, STORIES_TIMEOUT_MS } from './assert-stories.ts';
import { stories } from './polls/actions.ts';
import { play } from './polls/story.ts';

/** Random stories of a few clients whose polls are held by the real rules, on any store. */
export function testPollStories(name: string, openStore: OpenLastingStore, runs: number): void {
  test(
    `${name}: ${runs} stories of polls that are held, raced, cut and restarted: nothing is lost, doubled or out of order`,
    async () => {
      await assertStories(stories(60), runs, (story) => play(openStore, story));
      expect.assertions(0);
    },
    STORIES_TIMEOUT_MS,
  );
}
