import { storeBound } from './rules/store-bound.ts';
import { usageOfBytes } from './rules/usage.ts';

/**
 * Redis has its own bound, `maxmemory` (see test/faults/redis-full.test.ts), and counts what others keep in it, too.
 */
export const LEFT_TO_REDIS = [storeBound, usageOfBytes] as const;
