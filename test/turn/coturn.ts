import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onCleanUp } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { untilAnswering } from './stun.ts';

/** Debian's package `coturn`, which `.ci/install-system` installs. */
export const hasCoturn = spawnSync('turnserver', ['--version']).error === undefined;
if (!hasCoturn) console.warn('SKIPPED: turnserver is not installed, so no TURN credential was tried (package coturn)');

export interface Coturn {
  readonly port: number;
  /** The value of `TURN_URLS`. */
  readonly url: string;
}

/** A real TURN server until clean-up. It also relays to loopback addresses, which a public server must not do. */
export async function startCoturn(...secrets: readonly string[]): Promise<Coturn> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'holdline-turn-'));
  const child = spawn(
    'turnserver',
    [
      ...['-n', '--no-cli', '--no-tls', '--no-dtls', '--no-rfc5780', '--log-file=stdout', '--simple-log'],
      ...[`--userdb=${folder}/turndb`, `--pidfile=${folder}/pid`],
      ...['--realm=holdline.test', '--use-auth-secret', ...secrets.map((secret) => `--static-auth-secret=${secret}`)],
      ...[`--listening-port=${port}`, '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', '--allow-loopback-peers'],
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  onCleanUp(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const early = ended.then(([code]) => Promise.reject(new Error(`turnserver ended with ${String(code)}`)));
  await Promise.race([untilAnswering(port), early]);
  return { port, url: `turn:127.0.0.1:${port}?transport=udp` };
}
