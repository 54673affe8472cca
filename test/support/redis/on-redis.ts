import { afterAll, beforeAll, describe } from '@jest/globals';
import { spawnSync } from 'node:child_process';

/** Debian's package `redis-server`, which `.ci/install-system` installs. */
const hasRedis = spawnSync('redis-server', ['--version']).error === undefined;
if (!hasRedis) console.warn('SKIPPED: redis-server is not installed, so nothing was tried on Redis');

/** `describe` if Redis is installed; otherwise skips. */
export const describeOnRedis = hasRedis ? describe : describe.skip;

/**
 * Shares one instance among all tests of the file or block, since a start is slow. Call the returned function inside
 * tests only.
 */
export function shared<T extends { end(): Promise<void> }>(start: () => Promise<T>): () => T {
  let started: T | undefined;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(async () => {
    await started?.end();
  });
  return () => {
    if (started === undefined) throw new Error('it has not started yet');
    return started;
  };
}
