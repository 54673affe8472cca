import { Counter, type Registry } from 'prom-client';

// perf: counters and histograms of plain numbers. prom-client builds a key from the labels at each call, which takes
// some 300 ns, about six times a message. Here a count takes 3 ns and an observation 30 ns (measured; `node
// bench/telemetry-cost.ts` shows the sum).

/** One series of a counter. */
export interface Cell {
  count: number;
}

/** A counter whose series are cells. prom-client reads their counts when it renders. */
export class CellCounter {
  readonly #labels: readonly string[];
  readonly #series = new Map<string, { readonly labels: Record<string, string>; readonly cell: Cell }>();

  constructor(registry: Registry, name: string, help: string, labels: readonly string[]) {
    this.#labels = labels;
    const series = this.#series;
    new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels: values, cell } of series.values()) this.inc(values, cell.count);
      },
    });
  }

  /**
   * Returns the cell for these label values, in label order: the same cell each time. Keep it in code that runs for
   * every message.
   */
  cell(...values: readonly string[]): Cell {
    const key = values.join('\n');
    const known = this.#series.get(key)?.cell;
    if (known !== undefined) return known;
    const entries = this.#labels.map((label, index) => [label, values[index] ?? ''] as const);
    const cell: Cell = { count: 0 };
    this.#series.set(key, { labels: Object.fromEntries(entries), cell });
    return cell;
  }
}

/** One series of a histogram. */
export class Buckets {
  readonly bounds: readonly number[];
  /** One entry more than there are bounds: the last one counts all values above them. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds.map(() => 0), 0];
  }

  observe(value: number): void {
    let bucket = 0;
    while (value > (this.bounds[bucket] ?? Infinity)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}

interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
  readonly label?: string;
}

/** A histogram that renders itself in Prometheus' text format. */
export class BucketHistogram {
  readonly #options: HistogramOptions;
  readonly #series = new Map<string, Buckets>();

  constructor(options: HistogramOptions) {
    this.#options = options;
  }

  /**
   * Returns the buckets for a label value (`''` without a label): the same each time. Keep them in code that runs for
   * every message.
   */
  buckets(value = ''): Buckets {
    let buckets = this.#series.get(value);
    if (buckets === undefined) this.#series.set(value, (buckets = new Buckets(this.#options.bounds)));
    return buckets;
  }

  text(): string {
    const { name, help } = this.#options;
    const series = [...this.#series].flatMap(([value, buckets]) => this.#lines(value, buckets));
    return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...series, ''].join('\n');
  }

  #lines(value: string, { bounds, counts, sum }: Buckets): string[] {
    const { name, label } = this.#options;
    const own = label === undefined ? '' : `${label}="${value}"`;
    const braced = own === '' ? '' : `{${own}}`;
    let count = 0;
    const lines = counts.map((more, index) => {
      count += more;
      return `${name}_bucket{le="${bounds[index] ?? '+Inf'}"${own === '' ? '' : `,${own}`}} ${count}`;
    });
    return [...lines, `${name}_sum${braced} ${sum}`, `${name}_count${braced} ${count}`];
  }
}
