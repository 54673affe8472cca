import { Counter, Gauge, type Registry } from 'prom-client';
import type { StoreUsage } from '../../signalling/store.ts';

/** What is asked when somebody scrapes. */
export interface Sources {
  readonly version: string;
  readonly maxHeldPolls: number;
  heldPolls(): number;
  usage(): Promise<StoreUsage>;
  /** Whether messages are being delivered. */
  isReady(): Promise<boolean>;
}

export function registerGauges(registry: Registry, sources: Sources): void {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
  gauge('holdline_held_polls_limit', 'MAX_HELD_POLLS.').set(sources.maxHeldPolls);
  collected('holdline_held_polls', 'Polls that are held now.', () => sources.heldPolls());
  collected('holdline_ready', '1 while messages are delivered, as /readyz has it; 0 while they are not.', async () =>
    (await sources.isReady()) ? 1 : 0,
  );
  registerUsage(registry, sources);
  registerProcess(registry, sources.version);

  function collected(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  }
}

const USAGE: Record<keyof StoreUsage, { name: string; help: string }> = {
  rooms: { name: 'holdline_rooms', help: 'Rooms with at least one participant.' },
  participants: { name: 'holdline_participants', help: 'Participants in all rooms.' },
  liveBytes: {
    name: 'holdline_store_live_bytes',
    help: 'Live data; at its limit joins and sends get 503. On Redis all that it holds.',
  },
  fileBytes: {
    name: 'holdline_store_file_bytes',
    help: 'What the database takes, free pages included and its write-ahead log not.',
  },
  isFull: {
    name: 'holdline_store_full',
    help: '1 while the store is full, so that joins and sends get 503; 0 otherwise.',
  },
  limitBytes: {
    name: 'holdline_store_limit_bytes',
    help: 'What live data may grow to: MAX_STORE_BYTES, or the maxmemory of Redis.',
  },
};

function registerUsage(registry: Registry, sources: Sources): void {
  const keys = Object.keys(USAGE) as (keyof StoreUsage)[];
  const gauges = keys.map((key) => ({ key, gauge: new Gauge({ ...USAGE[key], registers: [registry], collect }) }));
  let asked: Promise<void> | undefined;

  /** One question for all: they are collected in one go. */
  function collect(): Promise<void> {
    return (asked ??= ask().finally(() => (asked = undefined)));
  }

  async function ask(): Promise<void> {
    // A store that is out of reach must not take the other metrics with it: they are what tells of it.
    const usage = await sources.usage().catch(() => undefined);
    for (const { key, gauge } of gauges) gauge.set(Number(usage?.[key] ?? NaN));
  }
}

function registerProcess(registry: Registry, version: string): void {
  const registers = [registry];
  new Gauge({
    name: 'holdline_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1);
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started (Unix time).',
    registers,
  }).set(Math.round((Date.now() - process.uptime() * 1_000) / 1_000));
}
