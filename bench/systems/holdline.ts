import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HttpClient } from '../load/http-client.ts';
import { expectSuccess } from '../load/reply.ts';
import { candidate, incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { ClientParticipant, type Joined } from './holdline-client.ts';
import type { Participant, ServerCommand, System } from './system.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url);
const PACKAGE = new URL('../../package.json', import.meta.url);
const JSON_BODY = 'Content-Type: application/json\r\n';

/**
 * All load comes from one address, which the limits per client address would treat as an attack. So the server trusts
 * that address as a proxy, and each join names a client address of its own. All limits stay on, and only the flooding
 * sender comes near one.
 */
let clients = 0;
export function clientAddress(): string {
  clients += 1;
  return `X-Forwarded-For: 10.${clients >> 16}.${(clients >> 8) & 255}.${clients & 255}\r\n`;
}
/** Participants with stored messages must outlast the run; five minutes is the longest idle time in open mode. */
const STOCK_IDLE_SECONDS = 300;

const base = {
  transport: 'polls',
  version: () => `holdline ${(JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version}`,
  missing: () => (existsSync(MAIN) ? undefined : 'src/main.ts is not there'),
  join: (http: HttpClient, room: string) => join(http, room, {}),
  joinAsOwnClient,
  stock,
  stockLastsMs: STOCK_IDLE_SECONDS * 1_000,
} as const;

export const holdlineFull: System = {
  ...base,
  name: 'holdline',
  title: 'Holdline, full (the default)',
  keeps: 'survives power loss',
  serve: (port, directory) => serve(port, `sqlite:${directory}/holdline.db`, 'full'),
};

export const holdlineNormal: System = {
  ...base,
  name: 'holdline-normal',
  title: 'Holdline, normal',
  keeps: 'survives a killed process',
  serve: (port, directory) => serve(port, `sqlite:${directory}/holdline.db`, 'normal'),
};

export const holdlineMemory: System = {
  ...base,
  name: 'holdline-memory',
  title: 'Holdline, memory',
  keeps: 'in memory',
  serve: (port) => serve(port, 'sqlite::memory:', 'full'),
};

/** One of the processes that share a Redis. */
export const holdlineOnRedis = (url: string): System => ({
  ...base,
  name: 'holdline-redis',
  title: 'Holdline, Redis',
  keeps: 'survives a killed process',
  serve: (port) => serve(port, url, 'full'),
});

function serve(port: number, storeUrl: string, synchronous: string): ServerCommand {
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    STORE_URL: storeUrl,
    SQLITE_SYNCHRONOUS: synchronous,
    TRUST_PROXY: 'loopback',
  };
  return { command: [process.execPath, fileURLToPath(MAIN)], env };
}

async function join(http: HttpClient, room: string, request: object): Promise<HoldlineParticipant> {
  return new HoldlineParticipant(http, pathOf(room), await requestJoin(http, room, clientAddress(), request));
}

async function joinAsOwnClient(http: HttpClient, room: string): Promise<Participant> {
  const headers = `${clientAddress()}Idempotency-Key: ${randomUUID()}\r\n`;
  return new ClientParticipant(http, pathOf(room), await requestJoin(http, room, headers, {}));
}

export const pathOf = (room: string): string => `/v1/rooms/${room}`;

/** @param headers those that name the client */
export async function requestJoin(http: HttpClient, room: string, headers: string, request: object): Promise<Joined> {
  const reply = await http.request(
    'POST',
    `${pathOf(room)}/participants`,
    JSON_BODY + headers,
    JSON.stringify(request),
  );
  return JSON.parse(expectSuccess(reply).body) as Joined;
}

async function stock(http: HttpClient, room: string, count: number, lifetimeSeconds: () => number): Promise<void> {
  const one = await join(http, room, { idleTimeoutSeconds: STOCK_IDLE_SECONDS });
  const other = await join(http, room, { idleTimeoutSeconds: STOCK_IDLE_SECONDS });
  const ttlSeconds = lifetimeSeconds();
  await Promise.all([one.sendBatch(other.id, count, ttlSeconds), other.sendBatch(one.id, count, ttlSeconds)]);
}

export class HoldlineParticipant implements Participant {
  readonly id: string;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #credential: string;
  readonly #jsonHeaders: string;
  #cursor: string;

  constructor(http: HttpClient, path: string, joined: Joined) {
    this.id = joined.participantId;
    this.#http = http;
    this.#path = path;
    this.#credential = `Authorization: Bearer ${joined.token}\r\n`;
    this.#jsonHeaders = this.#credential + JSON_BODY;
    this.#cursor = joined.cursor;
  }

  async send(to: string, message: Outgoing): Promise<void> {
    await this.#post('/messages', { to, ...message });
  }

  /** At most 32 at a time, the maximum of a batch. */
  async sendBatch(to: string, count: number, ttlSeconds: number): Promise<void> {
    const messages = Array.from({ length: count }, (_, index) => ({ to, ...candidate(index), ttlSeconds }));
    await this.#post('/messages/batch', { messages });
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    const path = `${this.#path}/messages?after=${this.#cursor}`;
    const reply = await this.#http.request('GET', path, this.#credential);
    if (reply.status === 410) return 'over';
    const batch = JSON.parse(expectSuccess(reply).body) as { messages: unknown; cursor: string };
    this.#cursor = batch.cursor;
    return incoming(batch.messages);
  }

  async leave(): Promise<void> {
    expectSuccess(await this.#http.request('DELETE', `${this.#path}/participants/${this.id}`, this.#credential));
  }

  async #post(path: string, body: object): Promise<void> {
    expectSuccess(await this.#http.request('POST', this.#path + path, this.#jsonHeaders, JSON.stringify(body)));
  }
}
