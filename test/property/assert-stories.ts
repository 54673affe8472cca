import fc from 'fast-check';

/** A story takes milliseconds. One that is not over by then hangs, even on a busy machine. */
const STORY_MS = 60_000;
/** Bounds how long a story that fails is made smaller. Playing all stories takes seconds, and a few minutes on a busy machine. */
const PLAY_MS = 900_000;
/** Of the test that plays them. */
export const STORIES_TIMEOUT_MS = PLAY_MS + 2 * STORY_MS;

/** So many random stories, each of which must play to its end. */
export function assertStories<Story>(
  stories: fc.Arbitrary<Story>,
  runs: number,
  play: (story: Story) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(stories, play), {
    numRuns: runs,
    timeout: STORY_MS,
    interruptAfterTimeLimit: PLAY_MS,
    markInterruptAsFailure: true,
  });
}
