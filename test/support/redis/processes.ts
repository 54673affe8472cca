import { setTimeout as pause } from 'node:timers/promises';
import { onCleanUp } from '../clean-up.ts';
import { Ledger } from '../ledger.ts';
import type { Member } from '../member.ts';
import { ServerProcess } from '../server-process.ts';
import { newPrefix, urlOf } from './urls.ts';
import { RedisServer } from './redis-server.ts';

type Settings = Readonly<Record<string, string>>;

/** A separate Redis, which clean-up ends. */
export async function ownRedis(...args: readonly string[]): Promise<RedisServer> {
  const redis = await RedisServer.start(...args);
  onCleanUp(() => redis.end());
  return redis;
}

/** Starts one process for each URL of the same Redis; they share one membership. */
export async function startProcesses(
  ways: readonly { readonly url: string }[],
  settings: Settings = {},
): Promise<ServerProcess[]> {
  const prefix = newPrefix();
  return Promise.all(
    ways.map(({ url }) => ServerProcess.start({ env: { STORE_URL: urlOf({ url }, prefix), ...settings } })),
  );
}

/** Two processes, with one participant each. */
export interface Pair {
  readonly here: ServerProcess;
  readonly there: ServerProcess;
  readonly ledger: Ledger;
  readonly alice: Member;
  readonly bob: Member;
}

/** Joins Alice on the process of the first URL and Bob on that of the second. */
export async function startPair(
  ways: readonly [{ readonly url: string }, { readonly url: string }],
  settings?: Settings,
  ledger = new Ledger(),
): Promise<Pair> {
  const [here, there] = (await startProcesses(ways, settings)) as [ServerProcess, ServerProcess];
  const alice = await ledger.join(here.url, 'room', 'alice');
  const bob = await ledger.join(there.url, 'room', 'bob');
  await Promise.all([alice.poll(), bob.poll()]);
  return { here, there, ledger, alice, bob };
}

const PROBE_EVERY_MS = 200;

/** Probes as an orchestrator does, until the response has this status. */
export async function untilReadiness(url: string, status: 200 | 503): Promise<void> {
  while ((await fetch(`${url}/readyz`)).status !== status) await pause(PROBE_EVERY_MS);
}

/** Resolves once the process holds this many polls, or is about to. */
export async function untilHeld(url: string, polls: number): Promise<void> {
  for (let held = -1; held !== polls;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    held = Number(/^holdline_held_polls (\d+)$/m.exec(text)?.[1]);
  }
}

/** Measures the time until the answer, in milliseconds. */
export async function timed<T>(ask: () => Promise<T>): Promise<{ readonly answer: T; readonly elapsedMs: number }> {
  const startedMs = performance.now();
  return { answer: await ask(), elapsedMs: performance.now() - startedMs };
}
