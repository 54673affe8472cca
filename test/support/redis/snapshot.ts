import type { RedisServer } from './redis-server.ts';

/** A key and its value. Text is Latin-1: one character per byte. */
export type StoredKey =
  | { readonly key: string; readonly type: 'string'; readonly value: string }
  | { readonly key: string; readonly type: 'hash'; readonly value: Readonly<Record<string, string>> }
  | {
      readonly key: string;
      readonly type: 'zset';
      readonly value: readonly (readonly [score: string, member: string])[];
    };

const LIST_KEYS = `
local found, cursor = {}, '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1] .. ':*', 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do found[#found + 1] = key end
until cursor == '0'
return found`;

/** Sorts keys, and the fields of a hash, by name. */
export async function snapshotOf(server: RedisServer, prefix: string): Promise<StoredKey[]> {
  const keys = (await evaluate(server, LIST_KEYS, [], [prefix])) as string[];
  return Promise.all(keys.sort().map((key) => read(server, key)));
}

async function read(server: RedisServer, key: string): Promise<StoredKey> {
  const type = await evaluate(server, "return redis.call('TYPE', KEYS[1]).ok", [key]);
  if (type === 'string') {
    return { key, type, value: (await evaluate(server, "return redis.call('GET', KEYS[1])", [key])) as string };
  }
  if (type === 'hash') {
    const fields = pairs((await evaluate(server, "return redis.call('HGETALL', KEYS[1])", [key])) as string[]);
    return { key, type, value: Object.fromEntries(fields.sort()) };
  }
  const range = "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')";
  const members = pairs((await evaluate(server, range, [key])) as string[]);
  return { key, type: 'zset', value: members.map(([member, score]) => [score, member] as const) };
}

/** Writes the keys, without expiry. */
export async function restoreSnapshot(server: RedisServer, keys: readonly StoredKey[]): Promise<void> {
  for (const { key, type, value } of keys) {
    if (type === 'string') await write(server, 'SET', key, [value]);
    else if (type === 'hash') await write(server, 'HSET', key, Object.entries(value).flat());
    else await write(server, 'ZADD', key, value.flat());
  }
}

const write = (server: RedisServer, command: string, key: string, args: readonly string[]): Promise<unknown> =>
  server.command(command, ...[key, ...args].map((text) => Buffer.from(text, 'latin1')));

const pairs = (flat: readonly string[]): [string, string][] =>
  flat.flatMap((text, index) => (index % 2 === 0 ? [[text, flat[index + 1] ?? ''] as [string, string]] : []));

async function evaluate(
  server: RedisServer,
  script: string,
  keys: readonly string[],
  args: readonly string[] = [],
): Promise<unknown> {
  return latin1Of(await server.command('EVAL', script, keys.length, ...keys, ...args));
}

const latin1Of = (reply: unknown): unknown =>
  Buffer.isBuffer(reply) ? reply.toString('latin1') : Array.isArray(reply) ? reply.map(latin1Of) : reply;
