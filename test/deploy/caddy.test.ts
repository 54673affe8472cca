import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { freePort } from '../support/free-port.ts';
import { behindAProxy } from './behind-a-proxy.ts';
import { deployed, runProxy, selfSigned } from './proxy.ts';

/** The file with a test certificate and without Caddy's additional ports. */
function configured(directory: string): string {
  const { key, certificate } = selfSigned(directory);
  const config = join(directory, 'Caddyfile');
  const options = `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${directory}\n\tdefault_sni signalling.example.com\n}\n`;
  const file = readFileSync(deployed('caddy/Caddyfile'), 'utf8');
  const tls = `\ttls ${certificate} ${key}\n\treverse_proxy `;
  expect(file).toContain('\treverse_proxy ');
  writeFileSync(config, options + file.replace('\treverse_proxy ', tls));
  return config;
}

behindAProxy('Caddy', async (backend) => {
  const directory = temporaryDirectory();
  const port = await freePort();
  const env = {
    HOME: directory,
    SIGNALLING_DOMAIN: `https://127.0.0.1:${port}`,
    HOLDLINE_UPSTREAM: `127.0.0.1:${backend.port}`,
  };
  const config = configured(directory);
  const log = await runProxy('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], port, env);
  return { port, log };
});

test('Caddy accepts the configuration', async () => {
  const args = ['adapt', '--config', deployed('caddy/Caddyfile'), '--adapter', 'caddyfile'];
  const { status, stderr } = spawnSync('caddy', args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: temporaryDirectory() },
  });
  expect({ status, stderr: stderr.replaceAll(/^.*"level":"info".*$/gm, '').trim() }).toEqual({ status: 0, stderr: '' });
  await cleanUp();
});
