import { createClient } from '@redis/client';
import { StoreError } from '../store-error.ts';
import type { Host, RedisLocation } from './location.ts';

interface ScriptCall {
  keys: string[];
  arguments: string[];
}

/** One connection. */
export interface Client {
  evalSha(sha: string, call: ScriptCall): Promise<unknown>;
  eval(text: string, call: ScriptCall): Promise<unknown>;
  scriptLoad(text: string): Promise<string>;
  info(section: string): Promise<string>;
  wait(replicas: number, withinMs: number): Promise<number>;
  subscribe(channel: string, listener: (text: string) => void): Promise<void>;
  ping(): Promise<string>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  destroy(): void;
}

/**
 * The first version with script flags (https://redis.io/docs/latest/develop/programmability/eval-intro/). Valkey
 * reports a later one.
 */
const OLDEST_VERSION = 7;
const CONNECT_TIMEOUT_MS = 2_000;
/** Pings reset it; it fires during a stalled connect. Long enough for a Redis and a process on one busy machine. */
const SOCKET_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 4_000;

export const addressOf = ({ host, port }: Host): string => `${host}:${port}`;

/** Commands are never queued while there is no connection: they fail at once when Redis is unavailable. */
export const clientOptions = ({ tls, username, password }: RedisLocation) =>
  ({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    pingInterval: PING_EVERY_MS,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS, ...(tls && { tls }) },
  }) as const;

/**
 * Connects to the first host that responds and accepts writes; if the hosts are Sentinels, to the primary that they
 * name.
 * @param onLost called, at least once, when the connection has ended; it does not reconnect
 * @throws Error from the last host that was tried
 */
export async function connectToPrimary(
  location: RedisLocation,
  hosts: readonly Host[],
  onLost: () => void,
): Promise<Client> {
  const { sentinelName } = location;
  return firstOf(hosts, async (host) => {
    const primary = sentinelName === undefined ? host : await askSentinel(location, host, sentinelName);
    return connectIfPrimary(location, primary, onLost);
  });
}

async function firstOf<T>(hosts: readonly Host[], attempt: (host: Host) => Promise<T>): Promise<T> {
  let failure: unknown;
  for (const host of hosts) {
    try {
      return await attempt(host);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Credentials are for Redis only (https://redis.io/docs/latest/develop/reference/sentinel-clients/). */
async function askSentinel(location: RedisLocation, sentinel: Host, name: string): Promise<Host> {
  const anonymous = { ...location, username: undefined, password: undefined, database: 0 };
  const client = await connect(anonymous, sentinel, () => undefined);
  try {
    const reply = await withTimeout(client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]));
    const [host, port] = Array.isArray(reply) ? reply.map(String) : [];
    if (host === undefined) throw new Error(`the Sentinel at ${addressOf(sentinel)} knows no primary "${name}"`);
    return { host, port: Number(port) };
  } finally {
    client.destroy();
  }
}

/**
 * Rejects replicas: they refuse writes, and receive no published text once their primary is gone. Cluster nodes
 * redirect.
 */
async function connectIfPrimary(location: RedisLocation, host: Host, onLost: () => void): Promise<Client> {
  let isChosen = false;
  const client = await connect(location, host, () => {
    if (isChosen) onLost();
  });
  return orDestroy(client, async () => {
    const isReplica = /^role:slave/m.test(await withTimeout(client.info('replication')));
    if (isReplica && !(await isClusterNode(client))) throw new Error(`${addressOf(host)} is a replica`);
    isChosen = true;
    return client;
  });
}

async function connect(location: RedisLocation, { host, port }: Host, onLost: () => void): Promise<Client> {
  const { socket, ...options } = clientOptions(location);
  const client = createClient({
    ...options,
    database: location.database,
    socket: { ...socket, host, port, reconnectStrategy: false },
  });
  client.on('error', onLost);
  client.on('end', onLost);
  await client.connect();
  return client;
}

export const isClusterNode = async (client: Client): Promise<boolean> =>
  /^cluster_enabled:1/m.test(await client.info('cluster'));

export async function requireVersion(client: Client): Promise<void> {
  const version = /^redis_version:(\d+)(\S*)/m.exec(await client.info('server'));
  if (Number(version?.[1] ?? 0) >= OLDEST_VERSION) return;
  throw new StoreError(
    `STORE_URL leads to Redis ${version?.slice(1).join('') ?? 'of unknown version'}; 7 or newer is needed`,
  );
}

/** Destroys `opened` when the next step fails. */
export async function orDestroy<T>(opened: { destroy(): void }, next: () => Promise<T>): Promise<T> {
  try {
    return await next();
  } catch (error) {
    opened.destroy();
    throw error;
  }
}

/** Bounds each step of opening, since a broken network may deliver neither a reply nor an error. */
export async function withTimeout<T>(step: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('it does not answer')), SOCKET_TIMEOUT_MS);
  try {
    return await Promise.race([step, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
