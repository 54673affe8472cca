import type { Clock } from './clock.ts';
import type { StoreMaintenance } from './store.ts';

/** The end of a lifetime must be reported within 2 s, which leaves room for four attempts. */
const SWEEP_EVERY_MS = 500;

interface SweepReport {
  swept(): void;
  sweepFailed(error: unknown): void;
}

/**
 * Sweeps the store in slices, with a pause after each so that requests are served first.
 * @returns a function that stops it
 */
export function startSweeping(store: Pick<StoreMaintenance, 'sweep'>, clock: Clock, report: SweepReport): () => void {
  let stopped = false;
  let cancel = clock.after(SWEEP_EVERY_MS, run);

  function run(): void {
    store.sweep().then(
      (more) => {
        report.swept();
        schedule(more);
      },
      (error: unknown) => {
        report.sweepFailed(error);
        schedule(false);
      },
    );
  }

  function schedule(more: boolean): void {
    if (!stopped) cancel = clock.after(more ? 1 : SWEEP_EVERY_MS, run);
  }

  return () => {
    stopped = true;
    cancel();
  };
}
