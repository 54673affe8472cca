import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

const RESOLUTION_MS = 10;
const QUANTILES = [50, 99, 100] as const;

/** How late timers fire, measured by Node; each scrape begins a new measurement. Returns what ends it. */
export function gaugeEventLoopLag(registry: Registry): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  new Gauge({
    name: 'holdline_event_loop_lag_seconds',
    help: 'By how much timers were late since the last scrape. All requests wait that long.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of QUANTILES) {
        this.set({ quantile: String(quantile / 100) }, lagSeconds(delays.percentile(quantile)));
      }
      delays.reset();
    },
  });
  return () => delays.disable();
}

/** Node measures the whole interval between two timers; none yet reads as a huge number or NaN. */
function lagSeconds(intervalNs: number): number {
  const lagMs = intervalNs / 1e6 - RESOLUTION_MS;
  return lagMs > 0 && lagMs < 3_600_000 ? lagMs / 1_000 : 0;
}
