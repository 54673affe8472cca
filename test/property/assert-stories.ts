import fc from 'fast-check';

/** A story that takes longer hangs. */
const STORY_MS = 10_000;
/** For so long stories are played, ten times what they take, and one that fails is made smaller before it is shown with its seed. */
const PLAY_MS = 120_000;
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
