/**
 * `npm run flood [seconds]`: measures whether well-behaved participants keep their latency while the service is
 * flooded. Runs pairs of participants without and during each attack, and prints their latencies and the responses to
 * the attack. Uses only this machine.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { accessToken, hmacKey } from '../../test/access/credentials.ts';
import { startServer } from '../../test/support/command.ts';
import { HttpClient } from '../load/http-client.ts';
import { headersOf, requestJson } from '../load/json-client.ts';
import { percentiles } from '../measure/figures.ts';
import { ProcessTree } from '../measure/process-tree.ts';
import type { Attack, Outcome } from './attack.ts';
import { Conversation, type Joined } from './conversation.ts';

const PAIRS = 20;
const CONNECTIONS = 16;
const API_KEY = randomBytes(24).toString('base64url');
const SECRET = randomBytes(32).toString('base64url');
const seconds = Number(process.argv[2] ?? 10);

const directory = mkdtempSync(join(tmpdir(), 'holdline-flood-'));
const env = {
  STORE_URL: `sqlite:${directory}/holdline.db`,
  DRAIN_SECONDS: '1',
  API_KEYS: API_KEY,
  ACCESS_TOKEN_SECRET: SECRET,
};
const { command, port } = await startServer({ env });
const http = new HttpClient(port);
const server = new ProcessTree(command.pid);
try {
  await compare();
} finally {
  http.close();
  command.signal('SIGTERM');
  await command.ended;
  rmSync(directory, { recursive: true, force: true });
}

async function compare(): Promise<void> {
  const conversations = await Promise.all(Array.from({ length: PAIRS }, (_, index) => converse(`room-${index}`)));
  const running = Promise.all(conversations.map((conversation) => conversation.run()));
  running.catch(() => undefined);
  await delay(2_000);
  console.log(
    `${PAIRS} pairs send 5 messages a second each; ${CONNECTIONS} connections attack for ${seconds} s each\n`,
  );
  console.log(`${'latency, ms'.padEnd(38)} messages     p50     p90     p99     max   responses to the attack`);
  console.log(`${'no attack'.padEnd(38)}${await measureLatency(conversations)}`);
  for (const [name, attack] of await attacks()) {
    console.log(`${name.padEnd(38)}${await measureUnder(attack, conversations)}`);
  }
  for (const conversation of conversations) conversation.end();
  await running;
}

async function converse(room: string): Promise<Conversation> {
  const [sender, receiver] = [await joinRoom(room), await joinRoom(room)];
  return new Conversation(http, `/v1/rooms/${room}`, sender, receiver);
}

async function joinRoom(room: string): Promise<Joined> {
  const request = { token: API_KEY, body: { idleTimeoutSeconds: 3_600 } };
  const { status, body } = await requestJson(http, 'POST', `/v1/rooms/${room}/participants`, request);
  if (status !== 201) throw new Error(`join: ${status} ${JSON.stringify(body)}`);
  return { token: String(body.token), cursor: String(body.cursor) };
}

async function attacks(): Promise<(readonly [name: string, attack: Attack])[]> {
  const mallory = await joinRoom('attack');
  await joinRoom('attack');
  const guess = `${randomBytes(9).toString('base64url')}.${randomBytes(24).toString('base64url')}`;
  const payload = { candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host', sdpMid: '0' };
  const attack = (method: 'GET' | 'POST', resource: string, token: string, body?: object): Attack => ({
    port,
    method,
    path: `/v1/rooms/attack/${resource}`,
    headers: headersOf({ token, ...(body !== undefined && { body }) }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
    connections: CONNECTIONS,
  });
  return [
    ['a participant sends without pause', attack('POST', 'messages', mallory.token, { type: 'candidate', payload })],
    ['a subject joins without pause', attack('POST', 'participants', await tokenOf(SECRET), {})],
    ['tokens are guessed', attack('GET', 'participants', guess)],
    ['access tokens are forged', attack('POST', 'participants', await tokenOf('x'.repeat(32)), {})],
  ];
}

function tokenOf(secret: string): Promise<string> {
  const nowMs = Date.now();
  const claims = { sub: 'mallory', room: '*', exp: Math.floor(nowMs / 1_000) + 3_600 };
  return accessToken(nowMs, claims, { key: hmacKey(secret) });
}

async function measureLatency(conversations: readonly Conversation[]): Promise<string> {
  for (const conversation of conversations) conversation.latenciesMs = [];
  await delay(seconds * 1_000);
  const latencies = conversations.flatMap(({ latenciesMs }) => latenciesMs);
  const { p50, p90, p99, max } = percentiles(latencies);
  return String(latencies.length).padStart(9) + [p50, p90, p99, max].map((ms) => ms.toFixed(1).padStart(8)).join('');
}

async function measureUnder(attack: Attack, conversations: readonly Conversation[]): Promise<string> {
  const startMs = server.cpuMs();
  const worker = new Worker(new URL('attack.ts', import.meta.url), { workerData: attack });
  await delay(1_000);
  const figures = await measureLatency(conversations);
  worker.postMessage('stop');
  const [outcome] = (await once(worker, 'message')) as [Outcome];
  const total = Object.values(outcome).reduce((sum, count) => sum + count, 0);
  const eachUs = Math.round(((server.cpuMs() - startMs) * 1_000) / total);
  const responses = Object.entries(outcome).map(([status, count]) => `${count} x ${status}`);
  return `${figures}   ${responses.join(', ')} (${eachUs} us of CPU each)`;
}
