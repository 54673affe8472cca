import { setUp } from './run-wide.ts';
import { RedisServer } from './redis-server.ts';

export default (): Promise<void> => setUp('redis', () => RedisServer.start());
