import fc from 'fast-check';

/** A story that takes longer hangs. */
const STORY_MS = 10_000;
/** For so long a story that fails is made smaller before it is shown, with its seed. */
const SHRINK_MS = 45_000;
/** Of the test that plays them. */
export const STORIES_TIMEOUT_MS = SHRINK_MS + 2 * STORY_MS;

/** So many random stories, each of which must play to its end. */
export function assertStories<Story>(
  stories: fc.Arbitrary<Story>,
  runs: number,
  play: (story: Story) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(stories, play), {
    numRuns: runs,
    timeout: STORY_MS,
    interruptAfterTimeLimit: SHRINK_MS,
    markInterruptAsFailure: true,
  });
}
