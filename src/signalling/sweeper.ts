import type { Clock } from './clock.ts';
import type { StoreMaintenance } from './store.ts';

/** A lifetime's end is reported at most 2 s later: four tries fit in. */
const SWEEP_EVERY_MS = 500;

interface SweepReport {
  swept(): void;
  sweepFailed(error: unknown): void;
}

/** Sweeps the store in slices, one at a time, with a breath between slices so that requests come first. Returns what stops it. */
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
