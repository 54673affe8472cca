import { afterEach, describe, expect, test } from '@jest/globals';
import type { Settings } from '../../src/settings/settings.ts';
import { createLog } from '../../src/log.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, type Sent } from '../support/http.ts';

afterEach(closeServices);

const CLIENT = '203.0.113.77';

async function loggingService(given: Partial<Settings>) {
  const lines: string[] = [];
  const { app } = await createService(given, { log: createLog('info', { write: (line) => lines.push(line) }) });
  const join = (headers: Record<string, string>, sent: Sent = {}) =>
    call(app, 'joinRoom', { roomId: 'lobby' }, { headers, ...sent });
  return { app, lines, join, warnings: () => lines.filter((line) => line.includes('TRUST_PROXY')) };
}

describe('a service without TRUST_PROXY', () => {
  test.each([{ 'X-Forwarded-For': CLIENT }, { Forwarded: `for=${CLIENT}` }])(
    'warns once that requests come through a proxy: %j',
    async (headers) => {
      const { join, lines, warnings } = await loggingService({});
      for (let joins = 0; joins < 3; joins += 1) await join(headers);
      expect(warnings()).toHaveLength(1);
      expect(JSON.parse(warnings()[0] ?? '')).toMatchObject({
        level: 'warn',
        msg: expect.stringMatching(/Set TRUST_PROXY/),
      });
      expect(lines.join()).not.toContain(CLIENT);
    },
  );

  test('also warns when the proxied request is a failed authentication', async () => {
    const { app, warnings } = await loggingService({});
    const token = 'x'.repeat(45);
    await call(app, 'listParticipants', { roomId: 'lobby' }, { token, headers: { 'X-Forwarded-For': CLIENT } });
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).not.toContain(token);
  });

  test('does not warn when requests come directly', async () => {
    const { join, warnings } = await loggingService({});
    await join({});
    expect(warnings()).toEqual([]);
  });
});

test.each([1, true, ['loopback']])('a service with TRUST_PROXY %j does not warn of proxies', async (trustProxy) => {
  const { join, warnings } = await loggingService({ trustProxy });
  await join({ 'X-Forwarded-For': CLIENT, Forwarded: `for=${CLIENT}` });
  expect(warnings()).toEqual([]);
});
