import { isIP } from 'node:net';
import { z } from 'zod';

/** Reads one setting: `fromText` converts, `schema` validates, `allowed` describes valid values in errors and help. */
export interface Parser<T> {
  readonly schema: z.ZodType<T>;
  /** Never throws: text that it cannot convert stays text, which `schema` then refuses. */
  readonly fromText: (text: string) => unknown;
  readonly allowed: string;
}

const asIs = (text: string): string => text;

export const items = (text: string): string[] => text.split(',').map((item) => item.trim());

export const wholeNumber = (min: number, max: number): Parser<number> => ({
  schema: z.int().min(min).max(max),
  // Refuses `1e3`, `0x10`, ` 5` and `5s`, which `Number` or `parseInt` would accept: here they are typos.
  fromText: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text),
  allowed: `a whole number from ${min} to ${max}`,
});

export const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;

export const oneOf = <const Word extends string>(...words: readonly [Word, Word, ...Word[]]): Parser<Word> => ({
  schema: z.enum(words),
  fromText: asIs,
  allowed: `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
});

export const hostName: Parser<string> = {
  schema: z.string().refine((text) => isIP(text) > 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text)),
  fromText: asIs,
  allowed: 'an IP address or a host name, without a port',
};

/** `fetch` refuses URLs with credentials. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, port } = new URL(text);
  return username === '' && password === '' && (port === '' || isPort(port));
}

export const webUrl: Parser<string> = {
  schema: z.url({ protocol: /^https?$/ }).refine(isFetchable),
  fromText: asIs,
  allowed: 'an https:// or http:// URL, without a user name',
};

export const word: Parser<string> = {
  schema: z.string().regex(/^\S+$/),
  fromText: asIs,
  allowed: 'text without spaces',
};

const ORIGIN = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:[A-Za-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?<port>\d+))?$/;

/** Web pages never have these schemes. */
const SCHEMES_WITHOUT_PAGES = ['ws', 'wss', 'ftp', 'file', 'blob'];

/** Browsers compare origins byte by byte, so a web origin must have exactly the form that they send. */
function isOrigin(text: string): boolean {
  const { scheme, port } = ORIGIN.exec(text)?.groups ?? {};
  if (scheme === undefined || SCHEMES_WITHOUT_PAGES.includes(scheme)) return false;
  if (port !== undefined && !isPort(port)) return false;
  return !/^https?$/.test(scheme) || (URL.canParse(text) && new URL(text).origin === text);
}

export const origins: Parser<'*' | string[]> = {
  schema: z.union([z.literal('*'), z.array(z.string().refine(isOrigin)).min(1)]),
  fromText: (text) => (text === '*' ? text : items(text)),
  allowed:
    '* alone, or whole origins such as https://app.example.com (no *, no path, no final slash), separated by commas',
};

function isSubnet(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const longest = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (longest === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= longest);
}

/** The values of Express's `trust proxy`. */
export const trustedProxies: Parser<boolean | number | string[]> = {
  schema: z.union([z.boolean(), z.int().min(1).max(32), z.array(z.string().refine(isSubnet)).min(1)]),
  fromText: (text) => {
    if (text === 'true' || text === 'false') return text === 'true';
    return /^\d+$/.test(text) ? Number(text) : items(text);
  },
  allowed:
    'true, false, a hop count from 1 to 32, or addresses and subnets (10.0.0.0/8, loopback), separated by commas',
};

/** Two slashes would make `sqlite://data/x.db` a file in the root directory. SQLite ignores options after a `?`. */
const sqlitePath = z.string().regex(/^(?!\/\/)[^\0?]+$/);
const sqlite = z.strictObject({ kind: z.literal('sqlite'), path: sqlitePath });
const redis = z.strictObject({ kind: z.literal('redis'), url: z.string().regex(/^rediss?(\+sentinel)?:\/\/\S+$/) });

/** `path` has SQLite's form: relative to the working directory, or `:memory:`. */
type StoreSetting = z.output<typeof sqlite> | z.output<typeof redis>;

export const storeUrl: Parser<StoreSetting> = {
  schema: z.union([sqlite, redis]),
  fromText: (text) => {
    const [, path] = /^sqlite:(?:\/\/(?=\/))?(.*)$/s.exec(text) ?? [];
    return path === undefined ? { kind: 'redis', url: text } : { kind: 'sqlite', path };
  },
  allowed: 'sqlite:PATH, sqlite::memory:, redis://HOST[:PORT] or redis+sentinel://HOST[:PORT]/NAME',
};
