/**
 * Ends the wait for what never comes a little before `testTimeout` does (jest.config.js), so that the error tells what was awaited. Like
 * that, it ends what hangs, and never what is only slow.
 */
export const PATIENCE_MS = 200_000;
