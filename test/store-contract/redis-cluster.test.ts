import { startCluster } from '../support/redis/cluster.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { openRedisStore } from '../support/redis/store.ts';
import { LEFT_TO_REDIS } from './left-to-redis.ts';
import { describeStoreContract } from './store-contract.ts';

describeOnRedis('on three masters', () => {
  describeStoreContract('Redis Cluster', openRedisStore(shared(() => startCluster())), { without: LEFT_TO_REDIS });
});
