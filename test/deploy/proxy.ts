import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from '../support/command.ts';
import { onCleanUp } from '../support/clean-up.ts';

export const deployed = (path: string): string => join(import.meta.dirname, '../../deploy', path);

/** A file of deploy/ with replacements. Each replaced text must occur. */
export function adapted(path: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce(
    (content, [words, replacement]) => {
      if (!content.includes(words)) throw new Error(`${path} has no "${words}"`);
      return content.replaceAll(words, replacement);
    },
    readFileSync(deployed(path), 'utf8'),
  );
}

/** The TLS port of a proxy, and its access log. */
export interface Proxy {
  readonly port: number;
  readonly log: () => string;
}

export interface Backend {
  readonly command: Command;
  readonly port: number;
  readonly adminPort: number;
}

/** Runs a proxy in the foreground until the test ends; resolves when it accepts connections. */
export async function runProxy(
  command: string,
  args: readonly string[],
  port: number,
  env = {},
): Promise<() => string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (output += part));
  const ended = once(child, 'close');
  onCleanUp(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${output}`);
    await pause(20);
  }
  return () => output;
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Creates a certificate, as PEM files in the directory. */
export function selfSigned(directory: string): { key: string; certificate: string } {
  const key = join(directory, 'key.pem');
  const certificate = join(directory, 'certificate.pem');
  const subject = ['-subj', '/CN=signalling.example.com', '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
  const run = spawnSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', certificate]);
  if (run.status !== 0) throw new Error(String(run.stderr));
  return { key, certificate };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly elapsedMs: number;
}

interface Asked {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of this machine from which the request comes. */
  readonly from?: string;
}

/** Sends one request through the proxy on a new connection, without verifying the certificate. */
export async function through({ port }: Proxy, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const startedMs = performance.now();
  const sent = request({
    ...{ host: '127.0.0.1', port, method, path, agent: false, localAddress: asked.from, rejectUnauthorized: false },
    headers: {
      ...(asked.body !== undefined && { 'Content-Type': 'application/json' }),
      ...(asked.token !== undefined && { Authorization: `Bearer ${asked.token}` }),
      ...asked.headers,
    },
  });
  sent.end(asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await text(reply);
  const parsed = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
  return {
    status: reply.statusCode ?? 0,
    headers: reply.headers,
    body: parsed,
    elapsedMs: performance.now() - startedMs,
  };
}
