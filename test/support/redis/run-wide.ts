import type { RedisDeployment } from './redis-server.ts';

/**
 * One Redis, or one cluster, for all files of a run: a start of each takes seconds, and prefixes keep them apart. Jest sets it up in
 * a process of its own, whose environment is handed on to those that run the files.
 */
const variableOf = (store: string): string => `HOLDLINE_TEST_${store}`;

interface Started extends Pick<RedisDeployment, 'url'> {
  end(): Promise<void>;
}

const started: Started[] = [];

export async function setUp(store: string, start: () => Promise<Started>): Promise<void> {
  const one = await start();
  started.push(one);
  process.env[variableOf(store)] = one.url;
}

export async function tearDown(): Promise<void> {
  await Promise.all(started.splice(0).map((one) => one.end()));
}

export function urlFromSetup(store: string): string {
  const url = process.env[variableOf(store)];
  if (url === undefined) throw new Error(`jest.config.js has not set up ${store}`);
  return url;
}
