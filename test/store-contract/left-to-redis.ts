import { storeBound } from './rules/store-bound.ts';
import { usageOfBytes } from './rules/usage.ts';

/**
 * Redis has its own bound, `maxmemory` (see test/faults/redis-full.test.ts), which also counts the data of other
 * services.
 */
export const LEFT_TO_REDIS = [storeBound, usageOfBytes] as const;
