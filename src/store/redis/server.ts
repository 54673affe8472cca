import { createClient, createCluster } from '@redis/client';
import { StoreError } from '../store-error.ts';
import type { RedisLocation } from './location.ts';
import { SCRIPTS, type Script } from './scripts.ts';

interface Given {
  keys: string[];
  arguments: string[];
}

/** One connection. */
export interface Client {
  evalSha(sha: string, given: Given): Promise<unknown>;
  eval(text: string, given: Given): Promise<unknown>;
  scriptLoad(text: string): Promise<string>;
  info(section: string): Promise<string>;
  wait(replicas: number, withinMs: number): Promise<number>;
  subscribe(channel: string, listener: (text: string) => void): Promise<void>;
  ping(): Promise<string>;
  destroy(): void;
}
type Host = RedisLocation['hosts'][number];

export interface Writer {
  /** Host and port, for messages. */
  readonly at: string;
  readonly client: Promise<Client>;
}

export const addressOf = ({ host, port }: Host): string => `${host}:${port}`;

/** One Redis, or a cluster of them: what the store needs of either. */
export interface Server {
  readonly isCluster: boolean;
  /** On the node that has the first key. */
  evalSha(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  eval(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** The connection over which commands for that key go. */
  clientFor(key: string): Promise<Client>;
  /** Every node that takes writes. */
  writers(): readonly Writer[];
  /** Where else to ask, should the hosts of the settings be gone. */
  hosts(): readonly Host[];
  destroy(): void;
}

/** Scripts with flags came with it (https://redis.io/docs/latest/develop/programmability/eval-intro/). Valkey tells a version above it. */
const OLDEST_VERSION = 7;
const CONNECT_WITHIN_MS = 2_000;
/**
 * Pings keep it from being silent; one that is all the same, as in the middle of being opened across a broken network, is given up.
 * Long enough for a Redis and a process that share a busy machine.
 */
const SILENCE_MS = 10_000;
const PING_EVERY_MS = 4_000;
/** A cluster that lost a master is asked this soon for the new one. */
const REFRESH_TOPOLOGY_MS = 200;

/** Commands are never kept for later: a caller learns at once that Redis is gone, and whoever waits is told so. */
const optionsFor = ({ tls, username, password }: RedisLocation) =>
  ({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    pingInterval: PING_EVERY_MS,
    socket: { connectTimeout: CONNECT_WITHIN_MS, socketTimeout: SILENCE_MS, ...(tls && { tls }) },
  }) as const;

/** A connection that ends when it is lost. */
async function connect(location: RedisLocation, { host, port }: Host, onLost: () => void): Promise<Client> {
  const { socket, ...options } = optionsFor(location);
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

/** A replica takes no writes, and hears nothing when its primary is gone. The nodes of a cluster see to that themselves. */
async function connectToPrimary(location: RedisLocation, host: Host, onLost: () => void): Promise<Client> {
  let isChosen = false;
  const client = await connect(location, host, () => {
    if (isChosen) onLost();
  });
  return orDestroyed(client, async () => {
    const isReplica = /^role:slave/m.test(await within(client.info('replication')));
    if (isReplica && !(await isClusterNode(client))) throw new Error(`${host.host}:${host.port} is a replica`);
    isChosen = true;
    return client;
  });
}

/** What was opened does not stay behind when the next step fails. */
export async function orDestroyed<T>(opened: { destroy(): void }, next: () => Promise<T>): Promise<T> {
  try {
    return await next();
  } catch (error) {
    opened.destroy();
    throw error;
  }
}

const isClusterNode = async (client: Client): Promise<boolean> =>
  /^cluster_enabled:1/m.test(await client.info('cluster'));

/** The first of the hosts that answers and takes writes. */
export async function connectToAny(
  location: RedisLocation,
  hosts: readonly Host[],
  onLost: () => void,
): Promise<Client> {
  let failure: unknown;
  for (const host of hosts) {
    try {
      return await connectToPrimary(location, host, onLost);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** @throws Error of the last host that was tried */
export async function openServer(location: RedisLocation, hosts: readonly Host[], onLost: () => void): Promise<Server> {
  let isCluster = false;
  const client = await connectToAny(location, hosts, () => {
    if (!isCluster) onLost();
  });
  return orDestroyed(client, async () => {
    await requireVersion(client);
    isCluster = await isClusterNode(client);
    if (!isCluster) {
      await within(load(client));
      return single(client, location);
    }
    if (location.database !== 0) throw new StoreError('STORE_URL names a database, and a Redis Cluster has only 0');
    client.destroy();
    return cluster(location, hosts);
  });
}

function single(client: Client, location: RedisLocation): Server {
  return {
    isCluster: false,
    evalSha: ({ sha }, keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: ({ text }, keys, args) => client.eval(text, { keys: [...keys], arguments: [...args] }),
    clientFor: () => Promise.resolve(client),
    writers: () => [{ at: location.hosts.map(addressOf).join(', '), client: Promise.resolve(client) }],
    hosts: () => location.hosts,
    destroy: () => client.destroy(),
  };
}

async function cluster(location: RedisLocation, hosts: readonly Host[]): Promise<Server> {
  const { socket, ...options } = optionsFor(location);
  const nodes = createCluster({
    rootNodes: hosts.map(({ host, port }) => ({ ...options, socket: { ...socket, host, port } })),
    defaults: { ...options, socket: { ...socket, reconnectStrategy: (tries) => Math.min(250, 50 * 2 ** tries) } },
    topologyRefreshOnReconnectionAttemptStrategy: REFRESH_TOPOLOGY_MS,
    minimizeConnections: true,
  });
  // What a node's loss means, its commands tell.
  nodes.on('error', () => undefined);
  await orDestroyed(nodes, async () => {
    await within(nodes.connect());
    // A node that does not answer must not keep the others from working.
    const loading = nodes.masters.map((master) => within(Promise.resolve(nodes.nodeClient(master)).then(load)));
    await Promise.allSettled(loading);
  });
  return {
    isCluster: true,
    evalSha: ({ sha }, keys, args) => nodes.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: ({ text }, keys, args) => nodes.eval(text, { keys: [...keys], arguments: [...args] }),
    clientFor: (key) => nodes.getNodeClientForKey(key),
    writers: () =>
      nodes.masters.map((master) => ({ at: addressOf(master), client: Promise.resolve(nodes.nodeClient(master)) })),
    hosts: () => [...nodes.masters, ...nodes.replicas].map(({ host, port }) => ({ host, port })),
    destroy: () => nodes.destroy(),
  };
}

async function requireVersion(client: Client): Promise<void> {
  const version = /^redis_version:(\d+)(\S*)/m.exec(await client.info('server'));
  if (Number(version?.[1] ?? 0) >= OLDEST_VERSION) return;
  throw new StoreError(
    `STORE_URL leads to Redis ${version?.slice(1).join('') ?? 'of no known version'}; 7 or newer is needed`,
  );
}

/** Beforehand, or the first runs of a script could overtake each other: one that Redis does not know is sent twice. */
async function load(client: Client): Promise<void> {
  await Promise.all(Object.values(SCRIPTS).map(({ text }) => client.scriptLoad(text)));
}

/** For every step of opening: across a broken network neither an answer nor an error may come. */
async function within<T>(step: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('it does not answer')), SILENCE_MS);
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}
