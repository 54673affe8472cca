/**
 * Ends a wait shortly before `testTimeout` (jest.config.js) does, so that the error says what was awaited. Long enough that
 * only a wait that hangs meets it, never one that is slow.
 */
export const PATIENCE_MS = 200_000;
