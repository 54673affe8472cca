/**
 * `npm run soak -- --seconds 3600`: abandoned joins, aborted polls, counting pairs and restarts against a real server.
 * Afterwards memory, descriptors, rows and files must be flat. Exits with 1 when a figure exceeds its limit.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { HttpClient } from '../load/http-client.ts';
import { abandonedJoins, abortedPolls, countingPair, type SoakTally } from './load.ts';
import { SoakServer } from './server.ts';
import { type Evidence, judge, passes, type Rest, type Sample } from './verdicts.ts';

/**
 * Share of the time in which the server restarts. It does not restart in the rest, so that samples are of one process.
 */
const RESTARTING_SHARE = 0.25;
const RESTARTS = ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const;
const PAIRS = 4;
const SAMPLE_EVERY_MS = 2_000;
/** Covers idle times of 5 s and the sweep. */
const REST_MS = 10_000;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
const seconds = Number(values.seconds);
if (!(seconds >= 20)) throw new Error('--seconds must be at least 20');

const directory = mkdtempSync(join(tmpdir(), 'holdline-soak-'));
const server = new SoakServer(join(directory, 'holdline.db'));
const tally: SoakTally = { joins: 0, aborted: 0, delivered: 0, errors: [] };
try {
  report(await soak());
} finally {
  await server.stop('SIGKILL');
  rmSync(directory, { recursive: true });
}

async function soak(): Promise<Evidence> {
  await server.start();
  const openFilesAtStart = server.openFiles();
  const http = new HttpClient(server.port);
  const stop = new AbortController();
  const context = { http, tally, signal: stop.signal };
  const pairs = Array.from({ length: PAIRS }, (_, index) => countingPair(context, `pair-${index}`));
  const load = Promise.all([abandonedJoins(context), abortedPolls(context), ...pairs]);
  await restarts(seconds * RESTARTING_SHARE);
  const samples = await takeSamples(seconds * (1 - RESTARTING_SHARE));
  stop.abort();
  await load;
  http.close();
  await pause(REST_MS);
  // Tokens of more than 600 s ago are forgotten, so there are at most as many as there were participants.
  const maxTokens = tally.joins + tally.aborted + 2 * PAIRS + RESTARTS.length;
  const rest = await atRest();
  return { samples, rest, openFilesAtStart, maxTokens, errors: tally.errors, loggedErrors: server.errors };
}

async function restarts(forSeconds: number): Promise<void> {
  for (const signal of RESTARTS) {
    await pause((forSeconds * 1_000) / RESTARTS.length);
    await server.stop(signal);
    await server.start();
  }
}

async function takeSamples(forSeconds: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const untilMs = performance.now() + forSeconds * 1_000; performance.now() < untilMs;) {
    await pause(SAMPLE_EVERY_MS);
    samples.push({ ...(await server.memory()), fileBytes: server.fileBytes(), tokens: countRows('tokens') });
  }
  return samples;
}

async function atRest(): Promise<Rest> {
  const metrics = await server.metrics();
  return {
    rooms: metrics('holdline_rooms'),
    participants: metrics('holdline_participants'),
    heldPolls: metrics('holdline_held_polls'),
    messages: countRows('messages'),
    tokens: countRows('tokens'),
    openFiles: server.openFiles(),
  };
}

function countRows(table: 'messages' | 'tokens'): number {
  const db = new Database(server.database, { readonly: true });
  try {
    return Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  } finally {
    db.close();
  }
}

function report(evidence: Evidence): void {
  const { joins, aborted, delivered } = tally;
  console.log(`${seconds} s: ${joins} abandoned joins, ${aborted} aborted polls, ${delivered} messages counted`);
  const verdicts = judge(evidence);
  for (const verdict of verdicts) {
    const { name, value, limit } = verdict;
    console.log(
      `${passes(verdict) ? 'passed' : 'FAILED'}  ${name}: ${Math.round(value)}, at most ${Math.round(limit)}`,
    );
  }
  for (const line of [...evidence.errors.slice(0, 10), ...evidence.loggedErrors.slice(0, 10)]) console.log(line);
  process.exitCode = verdicts.every(passes) ? 0 : 1;
}
