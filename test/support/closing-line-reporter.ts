/** The fields of Jest's aggregated result that the reporter uses. */
interface RunResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that failed before any of their tests ran. */
  readonly numRuntimeErrorTestSuites: number;
}

/** Jest reporter: ends the output with `N passed, N failed[, N skipped]`, and fails a run that executed no test. */
export default class ClosingLineReporter {
  private executed = 0;

  onRunComplete(_contexts: unknown, result: RunResult): void {
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    const skipped = result.numPendingTests + result.numTodoTests;
    this.executed = result.numPassedTests + failed;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    // Jest prints its own summary after all reporters, so the line waits for the exit.
    process.once('exit', () => process.stdout.write(`\n${result.numPassedTests} passed, ${failed} failed${tail}\n`));
  }

  getLastError(): Error | undefined {
    return this.executed === 0 ? new Error('no test was executed') : undefined;
  }
}
