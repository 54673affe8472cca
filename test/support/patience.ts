/**
 * Ends a wait shortly before `testTimeout` (jest.config.js) does, so that the error names the awaited event. Long
 * enough that only a wait that hangs reaches it, never a slow one.
 */
export const PATIENCE_MS = 200_000;
