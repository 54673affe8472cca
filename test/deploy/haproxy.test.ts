import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { freePort } from '../support/free-port.ts';
import { behindAProxy } from './behind-a-proxy.ts';
import { adapted, runProxy, selfSigned } from './proxy.ts';

/** The configuration with the ports and the certificate of the test. */
function configured(directory: string, port: number, backend: { port: number; adminPort: number }): string {
  const { key, certificate } = selfSigned(directory);
  const both = join(directory, 'both.pem');
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
  const config = join(directory, 'haproxy.cfg');
  const replaced = adapted('haproxy/haproxy.cfg', {
    // As many as the test machine allows.
    'maxconn 50000': 'maxconn 500',
    'bind :443': `bind 127.0.0.1:${port}`,
    '/etc/haproxy/certs/signalling.example.com.pem': both,
    '127.0.0.1:8080': `127.0.0.1:${backend.port}`,
    'check port 9090': `check port ${backend.adminPort}`,
  });
  writeFileSync(config, replaced);
  return config;
}

behindAProxy('HAProxy', async (backend) => {
  const port = await freePort();
  const log = await runProxy('haproxy', ['-f', configured(temporaryDirectory(), port, backend)], port);
  return { port, log };
});

test('HAProxy accepts the configuration without a warning', async () => {
  const config = configured(temporaryDirectory(), 8443, { port: 8080, adminPort: 9090 });
  const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', config], { encoding: 'utf8' });
  expect({ status, stderr, said: stdout.trim() }).toEqual({
    status: 0,
    stderr: '',
    said: 'Configuration file is valid',
  });
  await cleanUp();
});
