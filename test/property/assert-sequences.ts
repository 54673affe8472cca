import fc from 'fast-check';

/** A sequence takes milliseconds. One that takes longer than this hangs, even on a busy machine. */
const SEQUENCE_MS = 60_000;
/** Bounds the shrinking of a failing sequence. All sequences take seconds, or a few minutes on a busy machine. */
const TOTAL_MS = 900_000;
/** Timeout of the test that runs them. */
export const SEQUENCES_TIMEOUT_MS = TOTAL_MS + 2 * SEQUENCE_MS;

/** Runs this many random sequences, each of which must succeed. */
export function assertSequences<Sequence>(
  sequences: fc.Arbitrary<Sequence>,
  runs: number,
  run: (sequence: Sequence) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(sequences, run), {
    numRuns: runs,
    timeout: SEQUENCE_MS,
    interruptAfterTimeLimit: TOTAL_MS,
    markInterruptAsFailure: true,
  });
}
