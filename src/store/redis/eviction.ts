import { SignallingError } from '../../signalling/errors.ts';
import { StoreError } from '../store-error.ts';
import type { Connection } from './connection.ts';

/** The only policy under which Redis refuses writes at `maxmemory` instead of removing what it holds. */
const KEEPS_ALL = 'noeviction';

/** For the start. @throws StoreError when a master of the Redis may evict */
export async function requireNoEviction(connection: Connection): Promise<void> {
  const words = await findEviction(connection);
  if (words !== undefined) throw new StoreError(words);
}

/** For a service that runs. @throws SignallingError `storage-unavailable` when a master of the Redis may evict */
export async function checkRetention(connection: Connection): Promise<void> {
  const words = await findEviction(connection);
  if (words === undefined) return;
  const detail = 'The message store may drop messages before their time: maxmemory-policy of Redis must be noeviction.';
  throw new SignallingError('storage-unavailable', detail, { cause: new Error(words) });
}

/**
 * The policy itself is judged, whether or not there is a `maxmemory` now: one may be set at any time. A Redis that does not tell its policy
 * is trusted, and a master that does not answer is asked again with the next check.
 * @returns what to change, in words for the operator; `undefined` when nothing has to be
 */
async function findEviction(connection: Connection): Promise<string | undefined> {
  for (const { at, text } of await connection.infoOfReachable('memory')) {
    const policy = /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? KEEPS_ALL;
    if (policy === KEEPS_ALL) continue;
    return (
      `Redis at ${at} has maxmemory-policy ${policy}, which removes messages and participants that are promised to be kept: ` +
      'set "maxmemory-policy noeviction" in its redis.conf, or in the parameters of a managed Redis (docs/scaling.md)'
    );
  }
  return undefined;
}
