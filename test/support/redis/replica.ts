import { RedisServer } from './redis-server.ts';

/** A copy of the server at that port, or behind a proxy there, complete as of now and kept so from then on. */
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
