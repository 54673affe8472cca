import { z } from 'zod';
import type { Kind } from './parsers.ts';

/** Two slashes would make `sqlite://data/x.db` a file in the root directory; a `?` is somebody's option that SQLite would not see. */
const path = z.string().regex(/^(?!\/\/)[^\0?]+$/);
const sqlite = z.strictObject({ kind: z.literal('sqlite'), path });
const redis = z.strictObject({ kind: z.literal('redis'), url: z.string().regex(/^rediss?:\/\/\S+$/) });

/** `path` is as SQLite takes it: relative to the working directory, or `:memory:`. */
type StoreSetting = z.output<typeof sqlite> | z.output<typeof redis>;

function fromText(text: string): unknown {
  const [, path] = /^sqlite:(?:\/\/(?=\/))?(.*)$/s.exec(text) ?? [];
  if (path !== undefined) return { kind: 'sqlite', path };
  return { kind: 'redis', url: text };
}

export const storeUrl: Kind<StoreSetting> = {
  value: z.union([sqlite, redis]),
  fromText,
  allowed: 'sqlite:PATH, sqlite::memory: or redis://HOST[:PORT]',
};
