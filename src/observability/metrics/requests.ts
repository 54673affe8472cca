import type { Registry } from 'prom-client';
import { Counters, type Cell } from './counters.ts';
import { Histogram, type Observer } from './histogram.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50];

/** Of one operation, found without building a key: this is the path of every message. */
interface Series {
  readonly seconds: Observer;
  /** By code, or status for a success. */
  readonly answers: Map<string | number, Cell>;
}

/** HTTP by operation. Operations and codes are the rows of the edge's own tables, so the labels are bounded. */
export class RequestMetrics {
  readonly #answers: Counters<'operation' | 'status' | 'code'>;
  readonly seconds = new Histogram({
    name: 'holdline_http_request_seconds',
    help: 'Time from the headers of a request to its answer, by operation; of polls, mostly the time they are held.',
    label: 'operation',
    bounds: SECONDS,
  });
  readonly #series = new Map<string, Series>();

  constructor(registry: Registry) {
    this.#answers = new Counters(
      registry,
      'holdline_http_requests_total',
      'Answers by operation and status; `code` is that of the problem, empty for a success.',
      ['operation', 'status', 'code'],
    );
  }

  answered(operation: string, status: number, code: string | undefined, elapsedMs: number): void {
    let series = this.#series.get(operation);
    if (series === undefined) this.#series.set(operation, (series = this.#seriesOf(operation)));
    let cell = series.answers.get(code ?? status);
    if (cell === undefined) {
      cell = this.#answers.cell(operation, String(status), code ?? '');
      series.answers.set(code ?? status, cell);
    }
    cell.count += 1;
    series.seconds.observe(elapsedMs / 1_000);
  }

  #seriesOf(operation: string): Series {
    return { seconds: this.seconds.observer(operation), answers: new Map<string | number, Cell>() };
  }
}
