import { freePort } from '../free-port.ts';
import { ClusterBus } from './cluster-bus.ts';
import { type RedisDeployment, RedisServer } from './redis-server.ts';
import { following } from './replica.ts';

const SLOTS = 16_384;
const MASTERS = 3;

/** A master that does not respond for this long is replaced by its replica, if it has one. */
const NODE_TIMEOUT_MS = 1_000;

const IS_OK = /Cluster state changed: ok/;

export interface Cluster extends RedisDeployment {
  /** One per master, if requested. */
  readonly replicas: readonly RedisServer[];
  end(): Promise<void>;
}

/** Three masters, configured as by `redis-cli --cluster create`. */
export async function startCluster({ replicas: wanted = false } = {}): Promise<Cluster> {
  const masters = await Promise.all(Array.from({ length: MASTERS }, startNode));
  const allOk = masters.map((master) => master.logged(IS_OK, 0));
  await Promise.all(masters.map((master, index) => assign(master, index)));
  await introduce(masters);
  await Promise.all(allOk);
  const replicas = wanted ? await Promise.all(masters.map((master) => startClusterReplica(master))) : [];
  const bus = await ClusterBus.open(masters.map(({ port }) => port));
  return {
    flush: () => bus.flush(),
    url: `redis://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    replicas,
    end: async () => {
      bus.close();
      await Promise.all([...masters, ...replicas].map((server) => server.end()));
    },
  };
}

const busPorts = new Map<RedisServer, number>();

async function startNode(): Promise<RedisServer> {
  const busPort = await freePort();
  const server = await RedisServer.start(
    ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
    ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--cluster-replica-validity-factor', '0'],
  );
  busPorts.set(server, busPort);
  return server;
}

async function assign(master: RedisServer, index: number): Promise<void> {
  const first = Math.ceil((index * SLOTS) / MASTERS);
  const last = Math.ceil(((index + 1) * SLOTS) / MASTERS) - 1;
  await master.command('CLUSTER', 'ADDSLOTSRANGE', first, last);
  await master.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
}

async function introduce([first, ...others]: readonly RedisServer[]): Promise<void> {
  for (const other of others)
    await first?.command('CLUSTER', 'MEET', '127.0.0.1', other.port, busPorts.get(other) ?? 0);
}

async function startClusterReplica(master: RedisServer): Promise<RedisServer> {
  const replica = await startNode();
  const id = String(await master.command('CLUSTER', 'MYID'));
  const isOk = replica.logged(IS_OK, 0);
  await introduce([master, replica]);
  await isOk;
  await following(replica, () => replica.command('CLUSTER', 'REPLICATE', id));
  return replica;
}
