/**
 * `npm run soak -- --seconds 3600`: abandoned joins at 40/s, polls whose clients vanish, pairs that count, and restarts, against the
 * real server; then memory, descriptors, rows and files must be flat. Ends with 1 when a number is above its bound.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { hangUp } from './soak/client.ts';
import { type Evidence, judge, passes, type Rest, type Sample } from './soak/judge.ts';
import { abandonedJoins, abortedPolls, countingPair, type Tally } from './soak/load.ts';
import { SoakServer } from './soak/server.ts';

/** A quarter of the time has restarts, the rest none: memory is that of one process. */
const RESTARTING_SHARE = 0.25;
const RESTARTS = ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const;
const PAIRS = 4;
const SAMPLE_EVERY_MS = 2_000;
/** Idle times of 5 s, and the sweep. */
const REST_MS = 10_000;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
const seconds = Number(values.seconds);
if (!(seconds >= 20)) throw new Error('--seconds must be at least 20');

const directory = mkdtempSync(join(tmpdir(), 'holdline-soak-'));
const server = new SoakServer(join(directory, 'holdline.db'));
const tally: Tally = { joins: 0, aborted: 0, delivered: 0, wrong: [] };
try {
  const evidence = await soak();
  const verdicts = judge(evidence);
  console.log(
    `${seconds} s: ${tally.joins} abandoned joins, ${tally.aborted} aborted polls, ${tally.delivered} messages counted`,
  );
  for (const verdict of verdicts) {
    const { what, value, allowed } = verdict;
    console.log(
      `${passes(verdict) ? 'passed' : 'FAILED'}  ${what}: ${Math.round(value)}, allowed ${Math.round(allowed)}`,
    );
  }
  for (const line of [...evidence.wrong.slice(0, 10), ...evidence.faults.slice(0, 10)]) console.log(line);
  process.exitCode = verdicts.every(passes) ? 0 : 1;
} finally {
  await server.stop('SIGKILL');
  rmSync(directory, { recursive: true });
}

async function soak(): Promise<Evidence> {
  await server.start();
  const handlesAtFirst = server.handles();
  const stop = new AbortController();
  const { signal } = stop;
  const pairs = Array.from({ length: PAIRS }, (_, index) => countingPair(server, `pair-${index}`, tally, signal));
  const load = Promise.all([abandonedJoins(server, tally, signal), abortedPolls(server, tally, signal), ...pairs]);
  await restarts(seconds * RESTARTING_SHARE);
  const samples = await sampled(seconds * (1 - RESTARTING_SHARE));
  stop.abort();
  await load;
  hangUp();
  await pause(REST_MS);
  const rest = await atRest();
  return { samples, rest, handlesAtFirst, joinsRemembered: remembered(), wrong: tally.wrong, faults: server.faults };
}

/** Everybody who joined and is not there any more, at most; those of more than 600 s ago are forgotten, which only helps. */
function remembered(): number {
  return tally.joins + tally.aborted + 2 * PAIRS + RESTARTS.length;
}

async function restarts(forSeconds: number): Promise<void> {
  for (const signal of RESTARTS) {
    await pause((forSeconds * 1_000) / RESTARTS.length);
    await server.stop(signal);
    await server.start();
  }
}

async function sampled(forSeconds: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const untilMs = performance.now() + forSeconds * 1_000; performance.now() < untilMs;) {
    await pause(SAMPLE_EVERY_MS);
    samples.push({ ...(await server.memory()), fileBytes: server.fileBytes(), remembered: rows('tokens') });
  }
  return samples;
}

async function atRest(): Promise<Rest> {
  const metrics = await server.metrics();
  return {
    rooms: metrics('holdline_rooms'),
    participants: metrics('holdline_participants'),
    heldPolls: metrics('holdline_held_polls'),
    messages: rows('messages'),
    tokens: rows('tokens'),
    handles: server.handles(),
  };
}

function rows(table: 'messages' | 'tokens'): number {
  const db = new Database(server.database, { readonly: true });
  try {
    return Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  } finally {
    db.close();
  }
}
