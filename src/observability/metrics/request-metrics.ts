import type { Registry } from 'prom-client';
import { type Buckets, BucketHistogram, CellCounter, type Cell } from './cheap-metrics.ts';

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50];

/** The series of one operation. They are found without building a key, because every request needs them. */
interface OperationSeries {
  readonly seconds: Buckets;
  /** Keyed by problem code, or by status for a success. */
  readonly responses: Map<string | number, Cell>;
}

/** HTTP requests by operation. Operations and codes are rows of the tables in `http/`, so the labels are bounded. */
export class RequestMetrics {
  readonly #responses: CellCounter;
  readonly #seconds = new BucketHistogram({
    name: 'holdline_http_request_seconds',
    help: 'Time from the headers of a request to its response, by operation. For polls it is mostly the time they are held.',
    label: 'operation',
    bounds: REQUEST_SECONDS,
  });
  readonly #operations = new Map<string, OperationSeries>();

  constructor(registry: Registry) {
    this.#responses = new CellCounter(
      registry,
      'holdline_http_requests_total',
      'Requests by operation and response status. `code` is the code of the problem, empty for a success.',
      ['operation', 'status', 'code'],
    );
  }

  responded(operation: string, status: number, code: string | undefined, elapsedMs: number): void {
    let series = this.#operations.get(operation);
    if (series === undefined) this.#operations.set(operation, (series = this.#seriesOf(operation)));
    let cell = series.responses.get(code ?? status);
    if (cell === undefined) {
      cell = this.#responses.cell(operation, String(status), code ?? '');
      series.responses.set(code ?? status, cell);
    }
    cell.count += 1;
    series.seconds.observe(elapsedMs / 1_000);
  }

  secondsText(): string {
    return this.#seconds.text();
  }

  #seriesOf(operation: string): OperationSeries {
    return { seconds: this.#seconds.buckets(operation), responses: new Map<string | number, Cell>() };
  }
}
