import { afterEach, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { call } from '../support/http.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, startPair } from '../support/redis/processes.ts';
import type { ServerProcess } from '../support/server-process.ts';

describeOnRedis('the trace of one of two processes', () => {
  afterEach(cleanUp);

  test('does not report a message as undelivered that the other process delivered', async () => {
    const redis = await ownRedis();
    const { here, there, ledger, alice, bob } = await startPair([redis, redis], { ADMIN_PORT: '0' });
    const { id } = await alice.send({ to: 'bob', type: 'invite' });
    const { cursor } = await bob.poll();
    await bob.poll({ after: cursor });

    const sender = await traceAt(here, alice.roomId);
    expect(sender).toContain(`sent invite to bob: in no reply of this process  [${id}]`);
    expect(sender).toMatch(/^other processes on the same Redis have traces of their own/m);
    expect(sender).toMatch(/; polls held by this process: none$/m);
    expect(await traceAt(there, alice.roomId)).toMatch(/bob +poll, answered with .*invite/);
    await ledger.settle();
  });

  test('reports only its own part for a message that was acknowledged at the other process', async () => {
    const redis = await ownRedis();
    const { here, there, ledger, alice, bob } = await startPair([redis, redis], { ADMIN_PORT: '0' });
    const elsewhere = ledger.observe(there.url, alice.joined);
    await elsewhere.send({ to: 'bob', type: 'invite' });
    const { cursor } = await bob.poll();
    await ledger.observe(here.url, bob.joined).poll({ after: cursor });
    expect(await traceAt(there, alice.roomId)).toMatch(/bob: in a reply after .*, not acknowledged at this process/);
    await ledger.settle();
  });
});

async function traceAt({ command }: ServerProcess, roomId: string): Promise<string> {
  const { adminPort } = await command.logged(/^listening/);
  const { body } = await call(`http://127.0.0.1:${String(adminPort)}`, 'traceRoom', { roomId });
  return String(body);
}
