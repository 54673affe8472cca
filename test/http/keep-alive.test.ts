import { afterAll, expect, test } from '@jest/globals';
import { closeServices, createService, startService } from '../support/holdline.ts';
import { call } from '../support/http.ts';

afterAll(closeServices);

const headers = { Connection: 'keep-alive' };

test.each([
  ['75 s by default, longer than common proxies keep theirs', {}, 75],
  ['as long as KEEP_ALIVE_SECONDS says, for a balancer that keeps its own for 600 s', { keepAliveSeconds: 620 }, 620],
])('an idle connection stays open %s', async (_, settings, seconds) => {
  const { url } = await startService(settings);
  expect((await call(url, 'getHealth', {}, { headers })).headers).toMatchObject({
    connection: 'keep-alive',
    'keep-alive': `timeout=${seconds}`,
  });
});

test('so it does on ADMIN_PORT', async () => {
  const { holdline } = await createService({ keepAliveSeconds: 620, adminPort: 0 });
  const { adminPort } = await holdline.start();
  const { headers: answered } = await call(`http://127.0.0.1:${String(adminPort)}`, 'getHealth', {}, { headers });
  expect(answered['keep-alive']).toBe('timeout=620');
});
