import { Counter, Gauge, type Registry } from 'prom-client';
import type { StoreUsage } from '../signalling/store.ts';

/** What is asked when somebody scrapes. */
export interface Sources {
  readonly version: string;
  readonly maxHeldPolls: number;
  readonly maxStoreBytes: number;
  heldPolls(): number;
  usage(): Promise<StoreUsage>;
  /** Whether messages are being delivered. */
  isReady(): Promise<boolean>;
}

export function registerGauges(registry: Registry, sources: Sources): void {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
  gauge('holdline_held_polls_limit', 'MAX_HELD_POLLS.').set(sources.maxHeldPolls);
  gauge('holdline_store_limit_bytes', 'MAX_STORE_BYTES.').set(sources.maxStoreBytes);
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
    help: 'Live data, which MAX_STORE_BYTES bounds: at the bound joins and sends get 503.',
  },
  fileBytes: {
    name: 'holdline_store_file_bytes',
    help: 'What the database takes, free pages included and its write-ahead log not.',
  },
};

function registerUsage(registry: Registry, sources: Sources): void {
  const keys = Object.keys(USAGE) as (keyof StoreUsage)[];
  const gauges = keys.map((key) => ({ key, gauge: new Gauge({ ...USAGE[key], registers: [registry], collect }) }));
  let asked: Promise<void> | undefined;

  /** One question for all four: they are collected in one go. */
  function collect(): Promise<void> {
    return (asked ??= ask().finally(() => (asked = undefined)));
  }

  async function ask(): Promise<void> {
    const usage = await sources.usage();
    for (const { key, gauge } of gauges) gauge.set(usage[key]);
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
