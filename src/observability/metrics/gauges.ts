import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { StoreUsage } from '../../signalling/store.ts';

/** Values that are read at each rendering. */
export interface Sources {
  readonly version: string;
  readonly maxHeldPolls: number;
  heldPolls(): number;
  /** Open sockets, reading or not. */
  sockets(): number;
  networkWindows(): number;
  usage(): Promise<StoreUsage>;
  /** Whether messages are being delivered. */
  isReady(): Promise<boolean>;
}

export function registerGauges(registry: Registry, sources: Sources): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  };
  new Gauge({ name: 'holdline_held_polls_limit', help: 'MAX_HELD_POLLS.', registers }).set(sources.maxHeldPolls);
  gauge('holdline_held_polls', 'Polls that are held now.', () => sources.heldPolls());
  gauge('holdline_sockets', 'Sockets that are open now; they count towards MAX_HELD_POLLS.', () => sources.sockets());
  gauge(
    'holdline_network_windows',
    'Participants whose polls end earlier than they ask, because their networks cut longer ones.',
    () => sources.networkWindows(),
  );
  gauge('holdline_ready', '1 while messages are delivered, as in /readyz; 0 otherwise.', async () =>
    (await sources.isReady()) ? 1 : 0,
  );
  new Gauge({
    name: 'holdline_build_info',
    help: 'Always 1. The labels name the running version.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: sources.version, node: process.versions.node }, 1);
  registerUsage(registry, sources);
}

const USAGE: Record<keyof StoreUsage, { name: string; help: string }> = {
  rooms: { name: 'holdline_rooms', help: 'Rooms with at least one participant.' },
  participants: { name: 'holdline_participants', help: 'Participants in all rooms.' },
  liveBytes: {
    name: 'holdline_store_live_bytes',
    help: 'Live data. At its limit, joins and sends get 503. On Redis: all of its memory in use.',
  },
  fileBytes: {
    name: 'holdline_store_file_bytes',
    help: 'Size of the database, free pages included, without its write-ahead log.',
  },
  isFull: {
    name: 'holdline_store_full',
    help: '1 while the store is full, so that joins and sends get 503; 0 otherwise.',
  },
  limitBytes: {
    name: 'holdline_store_limit_bytes',
    help: 'Limit of the live data: MAX_STORE_BYTES, or the maxmemory of Redis.',
  },
};

function registerUsage(registry: Registry, sources: Sources): void {
  const keys = Object.keys(USAGE) as (keyof StoreUsage)[];
  const gauges = keys.map((key) => ({ key, gauge: new Gauge({ ...USAGE[key], registers: [registry], collect }) }));
  let reading: Promise<void> | undefined;

  /** All gauges share one read, since prom-client collects them at the same time. */
  function collect(): Promise<void> {
    return (reading ??= read().finally(() => (reading = undefined)));
  }

  async function read(): Promise<void> {
    // An unreachable store must not fail the other metrics, which show the outage.
    const usage = await sources.usage().catch(() => undefined);
    for (const { key, gauge } of gauges) gauge.set(Number(usage?.[key] ?? NaN));
  }
}

/** perf: these metrics list every descriptor and handle, which takes 18 ms with 8,000 connections. */
const PER_CONNECTION = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
];

let processRegistry: Registry | undefined;

/**
 * prom-client's default metrics: processor time, memory, event-loop lag, garbage collection. All services of the
 * process share one registry, since prom-client cannot stop its observers. It starts at the first rendering.
 */
export function processMetrics(): Promise<string> {
  processRegistry ??= newProcessRegistry();
  return processRegistry.metrics();
}

function newProcessRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of PER_CONNECTION) registry.removeSingleMetric(name);
  return registry;
}
