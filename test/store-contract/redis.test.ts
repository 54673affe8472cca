import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { openRedisStore } from '../support/redis/store.ts';
import { LEFT_TO_REDIS } from './left-to-redis.ts';
import { describeStoreContract } from './store-contract.ts';

describeOnRedis('on one server', () => {
  describeStoreContract('Redis', openRedisStore(shared(() => RedisServer.start())), { without: LEFT_TO_REDIS });
});
