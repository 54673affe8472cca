import { setUp } from './for-run.ts';
import { RedisServer } from './redis-server.ts';

export default (): Promise<void> => setUp('redis', () => RedisServer.start());
