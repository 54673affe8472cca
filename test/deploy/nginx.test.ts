import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { freePort } from '../support/free-port.ts';
import { behindAProxy } from './behind-a-proxy.ts';
import { adapted, type Backend, runProxy, selfSigned } from './proxy.ts';
import { readFileSync } from 'node:fs';

const CERTIFICATES = '/etc/letsencrypt/live/signalling.example.com';

/** The snippet as it is but for ports and files, and the least of a configuration around it. */
function configured(directory: string, port: number, backend: number): { config: string; log: string } {
  const { key, certificate } = selfSigned(directory);
  const log = join(directory, 'access.log');
  const snippet = join(directory, 'holdline.conf');
  const config = join(directory, 'nginx.conf');
  const replaced = adapted('nginx/holdline.conf', {
    'listen 443': `listen 127.0.0.1:${port}`,
    'server 127.0.0.1:8080': `server 127.0.0.1:${backend}`,
    [`${CERTIFICATES}/fullchain.pem`]: certificate,
    [`${CERTIFICATES}/privkey.pem`]: key,
    '/var/log/nginx/holdline.log': log,
  });
  writeFileSync(snippet, replaced);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${directory}/${of};`);
  writeFileSync(
    config,
    `daemon off; pid ${directory}/nginx.pid; error_log stderr; user root;
     events {} http { ${paths.join(' ')} include ${snippet}; }`,
  );
  return { config, log };
}

behindAProxy('nginx', async (backend: Backend) => {
  const directory = temporaryDirectory();
  const port = await freePort();
  const { config, log } = configured(directory, port, backend.port);
  await runProxy('nginx', ['-c', config], port);
  return { port, log: () => readFileSync(log, 'utf8') };
});

test('nginx takes the snippet without a warning', () => {
  const { config } = configured(temporaryDirectory(), 8443, 8080);
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', config], { encoding: 'utf8' });
  expect({ status, warnings: stderr.match(/\[(warn|emerg|alert)\].*/g) }).toEqual({ status: 0, warnings: null });
  return cleanUp();
});
