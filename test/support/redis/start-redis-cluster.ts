import { startCluster } from './cluster.ts';
import { setUp } from './run-wide.ts';

export default (): Promise<void> => setUp('redis-cluster', () => startCluster());
