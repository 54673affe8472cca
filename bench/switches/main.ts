/**
 * `npm run switches -- --switches 10000`: readers that change between poll and socket all the time, against a real
 * server. Exits with 1 when a message is lost, doubled or out of order.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../../test/support/command.ts';
import { countSwitches, type SwitchCounts } from './count.ts';

/** Mailboxes that are read at once. */
const READERS = 8;

const { values } = parseArgs({
  options: { switches: { type: 'string', default: '10000' }, store: { type: 'string' } },
});
const switches = Number(values.switches);
if (!(switches >= READERS)) throw new Error(`--switches must be at least ${READERS}`);

const directory = mkdtempSync(join(tmpdir(), 'holdline-switches-'));
const store = values.store ?? `sqlite:${join(directory, 'holdline.db')}`;
const { command, port } = await startServer({ env: { STORE_URL: store, RATE_LIMIT: 'off', DRAIN_SECONDS: '0' } });
try {
  const startedMs = performance.now();
  const rooms = Array.from({ length: READERS }, (_, index) => `switches-${index}`);
  const counts = await Promise.all(rooms.map((room) => countSwitches(port, room, Math.ceil(switches / READERS))));
  report(counts, (performance.now() - startedMs) / 1_000);
} finally {
  await command.stop(5_000);
  rmSync(directory, { recursive: true });
}

function report(counts: readonly SwitchCounts[], seconds: number): void {
  const sum = (key: Exclude<keyof SwitchCounts, 'errors'>): number =>
    counts.reduce((total, count) => total + count[key], 0);
  const [lost, doubled, reordered, expired] = [sum('lost'), sum('doubled'), sum('reordered'), sum('expired')];
  const errors = counts.flatMap((count) => count.errors);
  console.log(`${store}: ${sum('switches')} switches, ${sum('messages')} messages, in ${seconds.toFixed(0)} s`);
  console.log(`${lost} lost, ${doubled} doubled, ${reordered} reordered, ${expired} expired, ${errors.length} errors`);
  console.log(`${sum('copies')} copies came again with a repeated cursor and were dropped by their id`);
  for (const error of errors.slice(0, 10)) console.log(error);
  process.exitCode = lost + doubled + reordered + expired + errors.length === 0 ? 0 : 1;
}
