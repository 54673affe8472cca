import { afterAll, expect, test } from '@jest/globals';
import { closeServices, createService, startService } from '../support/holdline.ts';
import { call } from '../support/http.ts';

afterAll(closeServices);

const headers = { Connection: 'keep-alive' };

test.each([
  ['75 s by default, longer than with common proxies', {}, 75],
  ['for KEEP_ALIVE_SECONDS, which suits a load balancer with 600 s', { keepAliveSeconds: 620 }, 620],
])('an idle connection stays open %s', async (_, settings, seconds) => {
  const { url } = await startService(settings);
  expect((await call(url, 'getHealth', {}, { headers })).headers).toMatchObject({
    connection: 'keep-alive',
    'keep-alive': `timeout=${seconds}`,
  });
});

test('KEEP_ALIVE_SECONDS also applies to ADMIN_PORT', async () => {
  const { holdline } = await createService({ keepAliveSeconds: 620, adminPort: 0 });
  const { adminPort } = await holdline.start();
  const { headers: answered } = await call(`http://127.0.0.1:${String(adminPort)}`, 'getHealth', {}, { headers });
  expect(answered['keep-alive']).toBe('timeout=620');
});
