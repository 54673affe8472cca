import { SignallingError } from '../../signalling/errors.ts';
import { StoreError } from '../store-error.ts';
import type { Connection } from './connection.ts';

/** The only policy under which Redis refuses writes at `maxmemory` instead of evicting keys. */
const KEEPS_ALL = 'noeviction';

/** Check of the start. @throws StoreError when a master of the Redis may evict */
export async function requireNoEviction(connection: Connection): Promise<void> {
  const words = await findEviction(connection);
  if (words !== undefined) throw new StoreError(words);
}

/** Check at run time. @throws SignallingError `storage-unavailable` when a master of the Redis may evict */
export async function checkRetention(connection: Connection): Promise<void> {
  const words = await findEviction(connection);
  if (words === undefined) return;
  const detail = 'The message store may drop messages before their time: maxmemory-policy of Redis must be noeviction.';
  throw new SignallingError('storage-unavailable', detail, { cause: new Error(words) });
}

/**
 * Checks the policy even without a `maxmemory`, since one may be set at any time. A Redis that does not report its
 * policy is trusted; a master that does not respond is asked again at the next check.
 * @returns what the operator must change; `undefined` when nothing
 */
async function findEviction(connection: Connection): Promise<string | undefined> {
  for (const { at, text } of await connection.infoOfReachable('memory')) {
    const policy = /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? KEEPS_ALL;
    if (policy === KEEPS_ALL) continue;
    return (
      `Redis at ${at} has maxmemory-policy ${policy}, which evicts messages and participants before their time: ` +
      'set "maxmemory-policy noeviction" in its redis.conf, or in the parameters of a managed Redis (docs/scaling.md)'
    );
  }
  return undefined;
}
