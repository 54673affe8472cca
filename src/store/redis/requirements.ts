import { isUnavailable, notRetaining } from '../../signalling/errors.ts';
import { StoreError } from '../store-error.ts';
import type { Connection } from './connection.ts';
import { SCRIPTS } from './scripts.ts';

/**
 * The format of everything stored in Redis (docs/adr/0026-redis-format-number.md). Increment it with every change to
 * stored bytes. Holdline 0.1.0 wrote format 1 without a number.
 */
const FORMAT = '1';

/** The only policy under which Redis refuses writes at `maxmemory` instead of evicting keys. */
const REQUIRED_POLICY = 'noeviction';

/** Checks at the start. @throws StoreError when a master may evict keys, or the records have another format */
export async function requireAll(connection: Connection): Promise<void> {
  const problem = (await findEviction(connection)) ?? (await findOtherFormat(connection));
  if (problem !== undefined) throw new StoreError(problem);
}

/**
 * Checks at run time, since both can change. Skips a node that does not respond until the next check, so that one lost
 * shard of a cluster does not fail the readiness of all processes.
 * @throws SignallingError `storage-unavailable`
 */
export async function checkRequirements(connection: Connection): Promise<void> {
  const eviction = await findEviction(connection);
  if (eviction !== undefined) throw notRetaining('eviction', new Error(eviction));
  const format = await findOtherFormat(connection).catch(ignoreOutage);
  if (format !== undefined) throw notRetaining('format', new Error(format));
}

/**
 * Checks the policy even without a `maxmemory`, since one may be set at any time. A Redis that does not report its
 * policy is trusted; a master that does not respond is skipped until the next check.
 * @returns what the operator must change; `undefined` when all is in order
 */
async function findEviction(connection: Connection): Promise<string | undefined> {
  for (const { at, text } of await connection.infoOfReachable('memory')) {
    const policy = /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? REQUIRED_POLICY;
    if (policy === REQUIRED_POLICY) continue;
    return (
      `Redis at ${at} has maxmemory-policy ${policy}, which evicts messages and participants before their time: ` +
      'set "maxmemory-policy noeviction" in its redis.conf, or in the parameters of a managed Redis (docs/scaling.md)'
    );
  }
  return undefined;
}

function ignoreOutage(error: unknown): undefined {
  if (!isUnavailable(error)) throw error;
}

/** Writes the number if there is none: in an empty Redis, or in one that a version without a number has used. */
async function findOtherFormat(connection: Connection): Promise<string | undefined> {
  const { prefix } = connection.location;
  const found = await connection.run({ script: SCRIPTS.claimFormat, keys: [`${prefix}:format`], args: [FORMAT] });
  if (found === FORMAT) return undefined;
  return (
    `the records under the prefix "${prefix}" in Redis have format ${String(found)}, and this version of Holdline uses format ${FORMAT}: ` +
    'set another prefix in STORE_URL, or run the version that wrote them (docs/scaling.md)'
  );
}
