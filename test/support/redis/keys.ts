import type { RedisDeployment, RedisServer } from './redis-server.ts';

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly leftMs: number;
}

async function keysOf(master: RedisServer, prefix: string): Promise<Buffer[]> {
  const keys: Buffer[] = [];
  let cursor = '0';
  do {
    const reply = await master.command('SCAN', cursor, 'MATCH', `${prefix}:*`, 'COUNT', 10_000);
    const [next, found] = reply as [Buffer, Buffer[]];
    keys.push(...found);
    cursor = String(next);
  } while (cursor !== '0');
  return keys;
}

export async function deleteKeys({ masters }: RedisDeployment, prefix: string): Promise<void> {
  await Promise.all(
    masters.map(async (master) => {
      const keys = await keysOf(master, prefix);
      // Deletes keys one by one, since the keys of a cluster are in many slots.
      await Promise.all(keys.map((key) => master.command('DEL', key)));
    }),
  );
}

/** Ends the membership at once; otherwise it ends when its key expires. */
export async function forgetMembership({ masters }: RedisDeployment, prefix: string): Promise<void> {
  // One master of a cluster has the key; the others reject the command.
  await Promise.allSettled(masters.map((master) => master.command('DEL', `${prefix}:fleet`)));
}

/** Copies all keys. The returned function restores the copy, which rolls back all later changes. */
export async function copyKeys(place: RedisDeployment, prefix: string): Promise<() => Promise<void>> {
  const copies = await Promise.all(
    place.masters.map(async (master) => {
      const keys = await keysOf(master, prefix);
      return { master, entries: await Promise.all(keys.map((key) => entryOf(master, key))) };
    }),
  );
  return async () => {
    await deleteKeys(place, prefix);
    const restored = copies.flatMap(({ master, entries }) =>
      entries.map(({ key, value, leftMs }) => master.command('RESTORE', key, leftMs, value)),
    );
    await Promise.all(restored);
  };
}

async function entryOf(master: RedisServer, key: Buffer): Promise<Entry> {
  const [value, leftMs] = await Promise.all([master.command('DUMP', key), master.command('PTTL', key)]);
  // -1: the key does not expire.
  return { key, value: value as Buffer, leftMs: Math.max(0, Number(leftMs)) };
}
