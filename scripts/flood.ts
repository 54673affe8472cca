/**
 * Do those who behave keep their latency while somebody floods the service? `npm run flood [seconds]` measures pairs that talk, alone
 * and during each attack, and prints what they noticed and what became of the attack. Only this machine is asked.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Attack, Outcome } from './flood/attack.ts';
import { Conversation } from './flood/conversation.ts';
import { FloodedServer } from './flood/server.ts';

const PAIRS = 20;
const CONNECTIONS = 16;
const API_KEY = randomBytes(24).toString('base64url');
const SECRET = randomBytes(32).toString('base64url');
const seconds = Number(process.argv[2] ?? 10);

interface Joined {
  readonly token: string;
  readonly cursor: string;
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' });

async function join(room: string): Promise<Joined> {
  const path = `${server.url}/v1/rooms/${room}/participants`;
  const body = JSON.stringify({ idleTimeoutSeconds: 3_600 });
  const answer = await fetch(path, { method: 'POST', headers: bearer(API_KEY), body });
  if (answer.status !== 201) throw new Error(`join: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Joined;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function accessToken(secret: string): string {
  const claims = { sub: 'mallory', room: '*', exp: Math.floor(Date.now() / 1_000) + 3_600 };
  const unsigned = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
}

type Named = readonly [name: string, attack: Omit<Attack, 'url' | 'connections'>];

async function attacks(): Promise<Named[]> {
  const mallory = await join('attack');
  await join('attack');
  const room = '/v1/rooms/attack';
  const guess = `${randomBytes(9).toString('base64url')}.${randomBytes(24).toString('base64url')}`;
  const payload = { candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host', sdpMid: '0' };
  const message = JSON.stringify({ type: 'candidate', payload });
  return [
    [
      'one participant sends without pause',
      { method: 'POST', path: `${room}/messages`, headers: bearer(mallory.token), body: message },
    ],
    [
      'one subject joins without pause',
      { method: 'POST', path: `${room}/participants`, headers: bearer(accessToken(SECRET)), body: '{}' },
    ],
    ['tokens are guessed', { method: 'GET', path: `${room}/participants`, headers: bearer(guess) }],
    [
      'access tokens are forged',
      { method: 'POST', path: `${room}/participants`, headers: bearer(accessToken('x'.repeat(32))), body: '{}' },
    ],
  ];
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;

async function measured(conversations: readonly Conversation[]): Promise<string> {
  for (const conversation of conversations) conversation.latenciesMs = [];
  await delay(seconds * 1_000);
  const sorted = conversations.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  const shown = [0.5, 0.95, 0.99, 1].map((share) => quantile(sorted, share).toFixed(1).padStart(8));
  return `${String(sorted.length).padStart(9)}${shown.join('')}`;
}

async function underAttack(attack: Named[1], conversations: readonly Conversation[]): Promise<string> {
  const workerData: Attack = { ...attack, url: server.url, connections: CONNECTIONS };
  const startUs = server.cpuUs;
  const worker = new Worker(new URL('./flood/attack.ts', import.meta.url), { workerData });
  await delay(1_000);
  const figures = await measured(conversations);
  worker.postMessage('enough');
  const [outcome] = (await once(worker, 'message')) as [Outcome];
  const total = Object.values(outcome).reduce((sum, count) => sum + count, 0);
  const eachUs = Math.round((server.cpuUs - startUs) / total);
  const answers = Object.entries(outcome).map(([status, count]) => `${count} x ${status}`);
  return `${figures}   ${answers.join(', ')} (${eachUs} us of CPU each)`;
}

async function compare(): Promise<void> {
  const conversations = await Promise.all(
    Array.from({ length: PAIRS }, async (_, index) => {
      const room = `room-${index}`;
      const [sender, receiver] = [await join(room), await join(room)];
      return new Conversation(`${server.url}/v1/rooms/${room}`, sender, receiver);
    }),
  );
  const talks = Promise.all(conversations.map((conversation) => conversation.run()));
  talks.catch(() => undefined);
  await delay(2_000);
  console.log(`${PAIRS} pairs talk, 5 messages a second each; ${CONNECTIONS} connections attack; ${seconds} s each\n`);
  console.log(`${'latency, ms'.padEnd(38)} messages     p50     p95     p99     max   answers to the attack`);
  console.log(`${'nobody attacks'.padEnd(38)}${await measured(conversations)}`);
  for (const [name, attack] of await attacks()) {
    console.log(`${name.padEnd(38)}${await underAttack(attack, conversations)}`);
  }
  for (const conversation of conversations) conversation.end();
  await talks;
}

const server = await FloodedServer.start({ API_KEYS: API_KEY, ACCESS_TOKEN_SECRET: SECRET });
try {
  await compare();
} finally {
  await server.stop();
}
