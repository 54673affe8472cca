import type { StoreUsage } from '../../signalling/store.ts';
import type { Connection } from './connection.ts';

interface Memory {
  readonly used: number;
  /** Buffers of replicas and of the append-only file. */
  readonly uncounted: number;
  /** 0: unlimited. */
  readonly limit: number;
}

/** Memory of the whole Redis in bytes, including the keys of other services. */
export async function memoryUsage(
  connection: Connection,
): Promise<Pick<StoreUsage, 'liveBytes' | 'limitBytes' | 'isFull' | 'fileBytes'>> {
  const nodes = (await connection.info('memory')).map(({ text }) => memoryOf(text));
  const sum = (name: keyof Memory): number => nodes.reduce((bytes, node) => bytes + node[name], 0);
  const liveBytes = sum('used');
  return { liveBytes, limitBytes: sum('limit') || Infinity, isFull: nodes.some(isAtLimit), fileBytes: liveBytes };
}

/** From `INFO memory`. */
function memoryOf(info: string): Memory {
  const bytes = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: bytes('used_memory'), uncounted: bytes('mem_not_counted_for_evict'), limit: bytes('maxmemory') };
}

/** Computed as Redis does (`getMaxmemoryState` in its evict.c). */
const isAtLimit = ({ used, uncounted, limit }: Memory): boolean => limit > 0 && used - uncounted > limit;
