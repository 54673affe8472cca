import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { openRedisStore } from '../support/redis/store.ts';
import { testPolls } from './poll-properties.ts';
import { describeStoreProperties } from './store-properties.ts';

describeOnRedis('on one Redis', () => {
  const open = openRedisStore(shared(() => RedisServer.start()));
  describeStoreProperties('Redis', open, 150);
  testPolls('Redis', open, 120);
});
