import { isIP } from 'node:net';
import { z } from 'zod';

/** How one setting is read: `fromText` only changes its form, `value` judges it, `allowed` tells a person what passes. */
export interface Kind<T> {
  readonly value: z.ZodType<T>;
  readonly fromText: (text: string) => unknown;
  readonly allowed: string;
}

const asIs = (text: string): string => text;
const items = (text: string): string[] => text.split(',').map((item) => item.trim());

/** Text that is no plain number stays text, and so fails the value's schema: `1e3`, `0x10`, ` 5` and `5s` are typos here. */
const digits = (text: string): unknown => (/^\d{1,15}$/.test(text) ? Number(text) : text);

export const wholeNumber = (min: number, max: number): Kind<number> => ({
  value: z.int().min(min).max(max),
  fromText: digits,
  allowed: `a whole number from ${min} to ${max}`,
});

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
export const webAddress: Kind<string> = {
  value: z.url({ protocol: /^https?$/ }).refine((text) => URL.canParse(text) && new URL(text).username === ''),
  fromText: asIs,
  allowed: 'an https:// or http:// address, without a user name',
};

export const word: Kind<string> = {
  value: z.string().regex(/^\S+$/),
  fromText: asIs,
  allowed: 'text without spaces',
};

/** The bound is in bytes, as RFC 7518 (section 3.2) has it for HMAC keys. */
export const longSecret = (minBytes: number): Kind<string> => ({
  value: z.string().refine((text) => Buffer.byteLength(text) >= minBytes),
  fromText: asIs,
  allowed: `text of at least ${minBytes} bytes`,
});

export const words = (what: string, most = 1000): Kind<string[]> => ({
  value: z.array(z.string().regex(/^\S+$/)).min(1).max(most),
  fromText: items,
  allowed: most === 1000 ? `${what}, separated by commas` : `at most ${most} ${what}, separated by a comma`,
});

/** Of visible ASCII, since they travel in a header. */
export const headerWords = (what: string): Kind<string[]> => ({
  value: z
    .array(z.string().regex(/^[!-~]+$/))
    .min(1)
    .max(1000),
  fromText: items,
  allowed: `${what} of visible ASCII characters, separated by commas`,
});

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]+$/;

/** Browsers compare origins byte by byte, so a web origin must be in the very form in which they send it. */
function isOrigin(text: string): boolean {
  if (!ORIGIN.test(text)) return false;
  return !/^https?:/.test(text) || (URL.canParse(text) && new URL(text).origin === text);
}

export const origins: Kind<'*' | string[]> = {
  value: z.union([z.literal('*'), z.array(z.string().refine(isOrigin)).min(1)]),
  fromText: (text) => (text === '*' ? text : items(text)),
  allowed: '* or origins such as https://app.example.com (no path, no final slash), separated by commas',
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
