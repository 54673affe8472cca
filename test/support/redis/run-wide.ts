import type { RedisDeployment } from './redis-server.ts';

/**
 * One Redis, or one cluster, for all files of a run: a start takes seconds, and prefixes separate the files. Jest
 * starts it in a separate process, whose environment the processes that run the files inherit.
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
