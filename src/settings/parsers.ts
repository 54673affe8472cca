import { isIP } from 'node:net';
import { z } from 'zod';

/** How one setting is read: `fromText` only changes its form, `value` judges it, `allowed` tells a person what passes. */
export interface Kind<T> {
  readonly value: z.ZodType<T>;
  readonly fromText: (text: string) => unknown;
  readonly allowed: string;
}

const asIs = (text: string): string => text;
export const items = (text: string): string[] => text.split(',').map((item) => item.trim());

/** Text that is no plain number stays text, and so fails the value's schema: `1e3`, `0x10`, ` 5` and `5s` are typos here. */
const digits = (text: string): unknown => (/^\d{1,15}$/.test(text) ? Number(text) : text);

export const wholeNumber = (min: number, max: number): Kind<number> => ({
  value: z.int().min(min).max(max),
  fromText: digits,
  allowed: `a whole number from ${min} to ${max}`,
});

export const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;

export const oneOf = <const Word extends string>(...words: readonly [Word, Word, ...Word[]]): Kind<Word> => ({
  value: z.enum(words),
  fromText: asIs,
  allowed: `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
});

export const hostName: Kind<string> = {
  value: z.string().refine((text) => isIP(text) > 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text)),
  fromText: asIs,
  allowed: 'an IP address or a host name, without a port',
};

/** `fetch` refuses addresses with credentials in them. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, port } = new URL(text);
  return username === '' && password === '' && (port === '' || isPort(port));
}

export const webAddress: Kind<string> = {
  value: z.url({ protocol: /^https?$/ }).refine(isFetchable),
  fromText: asIs,
  allowed: 'an https:// or http:// address, without a user name',
};

export const word: Kind<string> = {
  value: z.string().regex(/^\S+$/),
  fromText: asIs,
  allowed: 'text without spaces',
};

const ORIGIN = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:[A-Za-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?<port>\d+))?$/;

/** Schemes that are not origins of web pages. */
const NO_PAGES = ['ws', 'wss', 'ftp', 'file', 'blob'];

/** Browsers compare origins byte by byte, so a web origin must be in the very form in which they send it. */
function isOrigin(text: string): boolean {
  const { scheme, port } = ORIGIN.exec(text)?.groups ?? {};
  if (scheme === undefined || NO_PAGES.includes(scheme)) return false;
  if (port !== undefined && !isPort(port)) return false;
  return !/^https?$/.test(scheme) || (URL.canParse(text) && new URL(text).origin === text);
}

export const origins: Kind<'*' | string[]> = {
  value: z.union([z.literal('*'), z.array(z.string().refine(isOrigin)).min(1)]),
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

export const trustedProxies: Kind<boolean | number | string[]> = {
  value: z.union([z.boolean(), z.int().min(1).max(32), z.array(z.string().refine(isSubnet)).min(1)]),
  fromText: (text) => {
    if (text === 'true' || text === 'false') return text === 'true';
    return /^\d+$/.test(text) ? Number(text) : items(text);
  },
  allowed:
    'true, false, a hop count from 1 to 32, or addresses and subnets (10.0.0.0/8, loopback), separated by commas',
};
