import { afterAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { killAll, startServer } from '../support/command.ts';
import { join } from '../support/member.ts';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { freePort } from '../support/free-port.ts';
import { behindAProxy } from './behind-a-proxy.ts';
import { adapted, type Backend, runProxy, selfSigned, through } from './proxy.ts';
import { readFileSync } from 'node:fs';

const CERTIFICATES = '/etc/letsencrypt/live/signalling.example.com';

/** The snippet with the ports and files of the test, in a minimal configuration. */
function configured(directory: string, port: number, backend: number): { config: string; log: string } {
  const { key, certificate } = selfSigned(directory);
  const log = pathOf(directory, 'access.log');
  const snippet = pathOf(directory, 'holdline.conf');
  const config = pathOf(directory, 'nginx.conf');
  const replaced = adapted('nginx/holdline.conf', {
    'listen 443': `listen 127.0.0.1:${port}`,
    'server 127.0.0.1:8080': `server 127.0.0.1:${backend}`,
    [`${CERTIFICATES}/fullchain.pem`]: certificate,
    [`${CERTIFICATES}/privkey.pem`]: key,
    '/var/log/nginx/holdline.log': log,
  });
  writeFileSync(snippet, replaced);
  // The settings that the file requires in nginx.conf.
  const limits = [...replaced.matchAll(/^# {3}(worker_rlimit_nofile .*|events .*)$/gm)]
    .map(([, line]) => line)
    .join(' ');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${directory}/${of};`);
  writeFileSync(
    config,
    `daemon off; pid ${directory}/nginx.pid; error_log stderr; user root;
     ${limits} http { ${paths.join(' ')} include ${snippet}; }`,
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

describe('with the connections that the file requires', () => {
  afterAll(cleanUp);
  afterAll(killAll);

  test('nginx holds 1,000 polls at once and answers each', async () => {
    const env = { TRUST_PROXY: '1', ADMIN_PORT: '0', RATE_LIMIT: 'off', DRAIN_SECONDS: '30' };
    const { command, url, port: backend, adminPort } = await startServer({ env });
    const directory = temporaryDirectory();
    const port = await freePort();
    const { config, log } = configured(directory, port, backend);
    await runProxy('nginx', ['-c', config], port);
    const proxy = { port, log: () => readFileSync(log, 'utf8') };
    const polls: Promise<number>[] = [];
    for (let n = 0; n < 1_000; n += 1) {
      const { token } = await join(url, `room-${n}`, 'alice');
      const path = `/v1/rooms/room-${n}/messages?wait=50`;
      polls.push(
        through(proxy, 'GET', path, { token }).then(
          ({ status }) => status,
          () => 0,
        ),
      );
    }
    // Held now, or already answered on a slow machine.
    const metrics = `http://127.0.0.1:${String(adminPort)}/metrics`;
    const arrived = async (): Promise<number> => {
      const text = await (await fetch(metrics)).text();
      const counts = text.matchAll(/^holdline_(?:held_polls|poll_ends_total\{[^}]*\}) (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    let refused = 0;
    for (const poll of polls) void poll.then((status) => (refused += status === 200 ? 0 : 1));
    while (refused === 0 && (await arrived()) < 1_000) await pause(50);
    command.signal('SIGTERM');
    expect(new Set(await Promise.all(polls))).toEqual(new Set([200]));
  });
});

test('nginx accepts the snippet without a warning', () => {
  const { config } = configured(temporaryDirectory(), 8443, 8080);
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', config], { encoding: 'utf8' });
  expect({ status, warnings: stderr.match(/\[(warn|emerg|alert)\].*/g) }).toEqual({ status: 0, warnings: null });
  return cleanUp();
});
