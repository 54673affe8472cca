/**
 * Ends a wait before `testTimeout` (jest.config.js), so that the error names what was awaited. Long enough that only a
 * wait that hangs reaches it, not a slow one.
 */
export const WAIT_TIMEOUT_MS = 200_000;
