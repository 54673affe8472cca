import { RedisServer } from './redis-server.ts';

/** A replica of the server on that port, or behind a proxy there. Its first synchronization is complete. */
export async function startReplica(port: number): Promise<RedisServer> {
  const replica = await RedisServer.start();
  await following(replica, () => replica.command('REPLICAOF', '127.0.0.1', port));
  return replica;
}

export async function following(replica: RedisServer, order: () => Promise<unknown>): Promise<void> {
  const synced = replica.logged(/sync: Finished with success/);
  await order();
  await synced;
}
