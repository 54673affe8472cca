import { afterEach, expect, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { readSettings } from '../../src/settings/settings.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ServerProcess, temporaryDirectory } from '../support/server-process.ts';
import { type Json, valuesOf, yamlOf } from './documents.ts';
import { deployed, runProxy } from './proxy.ts';

const services = valuesOf(yamlOf('compose.redis.yaml')[0] ?? null, 'services')[0] as Record<
  string,
  Record<string, Json>
>;

test('compose.redis.yaml connects Holdline to its Redis, which is not published', () => {
  expect(Object.keys(services)).toEqual(['holdline', 'redis']);
  expect(services.redis).not.toHaveProperty('ports');
  expect(services.redis?.volumes).toContain('./redis/redis.conf:/etc/redis.conf:ro');
  const { store } = readSettings({ ...(services.holdline?.environment as object) });
  expect(store).toEqual({ kind: 'redis', url: 'redis://redis' });
});

describeOnRedis('redis/redis.conf', () => {
  afterEach(cleanUp);

  test('Redis accepts the configuration, and two processes on it are ready', async () => {
    const port = await freePort();
    const own = ['--bind', '127.0.0.1', '--port', String(port), '--dir', temporaryDirectory()];
    await runProxy('redis-server', [deployed('redis/redis.conf'), ...own], port);
    const client = createClient({ socket: { port, host: '127.0.0.1' } });
    await client.connect();
    onCleanUp(() => client.destroy());
    const known = await client.sendCommand(['CONFIG', 'GET', 'maxmemory-policy', 'appendonly', 'appendfsync', 'save']);
    expect(known).toEqual({ 'maxmemory-policy': 'noeviction', appendonly: 'yes', appendfsync: 'everysec', save: '' });
    const env = { STORE_URL: `redis://127.0.0.1:${port}` };
    const processes = await Promise.all([ServerProcess.start({ env }), ServerProcess.start({ env })]);
    for (const { url } of processes) expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});
