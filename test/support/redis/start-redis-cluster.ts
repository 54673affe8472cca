import { startCluster } from './cluster.ts';
import { setUp } from './for-run.ts';

export default (): Promise<void> => setUp('redis-cluster', () => startCluster());
