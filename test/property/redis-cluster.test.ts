import { startCluster } from '../support/redis/cluster.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { openRedisStore } from '../support/redis/store.ts';
import { testPolls } from './poll-properties.ts';
import { describeStoreProperties } from './store-properties.ts';

describeOnRedis('on three masters', () => {
  const open = openRedisStore(shared(() => startCluster()));
  describeStoreProperties('Redis Cluster', open, 20);
  testPolls('Redis Cluster', open, 15);
});
