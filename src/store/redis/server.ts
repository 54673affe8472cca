import { createCluster } from '@redis/client';
import { StoreError } from '../store-error.ts';
import type { Host, RedisLocation } from './location.ts';
import {
  addressOf,
  clientOptions,
  connectToPrimary,
  isClusterNode,
  orDestroy,
  requireVersion,
  withTimeout,
  type Client,
} from './primary.ts';
import { SCRIPTS, type Script } from './scripts.ts';

interface Writer {
  /** Host and port, for messages. */
  readonly at: string;
  readonly client: Promise<Client>;
}

/** The interface that the store needs from a single Redis or a cluster. */
export interface Server {
  readonly isCluster: boolean;
  /** Runs on the node that has the first key. */
  evalSha(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  eval(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** The connection that carries commands for that key. */
  clientFor(key: string): Promise<Client>;
  /** Every node that accepts writes. */
  writers(): readonly Writer[];
  /** Other hosts to try when the configured hosts are unreachable. */
  hosts(): readonly Host[];
  destroy(): void;
}

/** How soon a cluster that lost a master is queried for the new one. */
const REFRESH_TOPOLOGY_MS = 200;

/** @throws Error from the last host that was tried; StoreError for an unusable Redis */
export async function openServer(location: RedisLocation, hosts: readonly Host[], onLost: () => void): Promise<Server> {
  let isCluster = false;
  const client = await connectToPrimary(location, hosts, () => {
    if (!isCluster) onLost();
  });
  return orDestroy(client, async () => {
    await requireVersion(client);
    isCluster = await isClusterNode(client);
    if (!isCluster) {
      await withTimeout(loadScripts(client));
      return singleServer(client, location);
    }
    if (location.database !== 0) throw new StoreError('STORE_URL names a database, and a Redis Cluster has only 0');
    client.destroy();
    return openCluster(location, hosts);
  });
}

function singleServer(client: Client, location: RedisLocation): Server {
  return {
    isCluster: false,
    evalSha: ({ sha }, keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: ({ text }, keys, args) => client.eval(text, { keys: [...keys], arguments: [...args] }),
    clientFor: () => Promise.resolve(client),
    writers: () => [{ at: location.hosts.map(addressOf).join(', '), client: Promise.resolve(client) }],
    hosts: () => [],
    destroy: () => client.destroy(),
  };
}

/** The library's cluster client finds the nodes, follows redirections, and reconnects to each node. */
async function openCluster(location: RedisLocation, hosts: readonly Host[]): Promise<Server> {
  const { socket, ...options } = clientOptions(location);
  const nodes = createCluster({
    rootNodes: hosts.map(({ host, port }) => ({ ...options, socket: { ...socket, host, port } })),
    defaults: { ...options, socket: { ...socket, reconnectStrategy: (tries) => Math.min(250, 50 * 2 ** tries) } },
    topologyRefreshOnReconnectionAttemptStrategy: REFRESH_TOPOLOGY_MS,
    minimizeConnections: true,
  });
  // The failing commands of a lost node already report it.
  nodes.on('error', () => undefined);
  await orDestroy(nodes, async () => {
    await withTimeout(nodes.connect());
    // A node that does not respond must not stop the others.
    await Promise.allSettled(
      nodes.masters.map((master) => withTimeout(Promise.resolve(nodes.nodeClient(master)).then(loadScripts))),
    );
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

/** Loads scripts in advance: a script that Redis lacks is sent twice, so first runs could overtake each other. */
async function loadScripts(client: Client): Promise<void> {
  await Promise.all(Object.values(SCRIPTS).map(({ text }) => client.scriptLoad(text)));
}
