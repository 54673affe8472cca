import { z } from 'zod';
import { items, type Parser } from './parsers.ts';

/** Words that mark a placeholder: `changeme123`, `REPLACE_ME`, `your-secret-here`, alone or repeated. */
const MARKERS = 'change|replace|insert|placeholder|your|secret|password|todo|fixme|example';
/** Filler words that may accompany them. */
const FILLERS = 'please|super|own|api|key|token|value|here|this|with|me|it|bit';

const marker = new RegExp(MARKERS);
const markerOrFiller = new RegExp(`${MARKERS}|${FILLERS}`, 'g');

/** Published examples, without punctuation. */
const PUBLISHED = new Set([
  // docs/restrictive-networks.md
  'thesameasstaticauthsecretofcoturn',
  'atleast32bytesthatyourbackendknowstoo',
  // jwt.io
  'astringsecretatleast256bitslong',
  // coturn's own turnserver.conf
  'north',
  // Unset variables, as scripts print them.
  'undefined',
  'null',
]);

/** Unfilled templates: `<secret>`, `${SECRET}`, `{{ secret }}`, `$SECRET`, `%SECRET%`. */
const TEMPLATE = /^(?:<.*>|\$?\{.*\}|\$\(.*\)|\$[A-Z_]+|%[A-Z_]+%)$/s;

const ONE_CHARACTER = /^(.)\1*$/su;

/** Whether a secret is a placeholder. Placeholders are public, so one would let anyone in. */
export function isPlaceholder(secret: string): boolean {
  const text = secret.trim();
  if (TEMPLATE.test(text) || ONE_CHARACTER.test(secret)) return true;
  const letters = text.toLowerCase().replaceAll(/[\s\p{P}\p{S}]/gu, '');
  if (PUBLISHED.has(letters)) return true;
  return marker.test(letters) && /^\d*$/.test(letters.replaceAll(markerOrFiller, ''));
}

const secret = (pattern: RegExp): z.ZodType<string> =>
  z
    .string()
    .regex(pattern)
    .refine((text) => !isPlaceholder(text));

const NO_PLACEHOLDER = 'no placeholder such as changeme';

/** Minimum length in bytes, as RFC 7518 (section 3.2) requires for HMAC keys. */
export const longSecret = (minBytes: number): Parser<string> => ({
  schema: secret(/^.*$/s).refine((text) => Buffer.byteLength(text) >= minBytes),
  fromText: (text) => text,
  allowed: `text of at least ${minBytes} bytes, ${NO_PLACEHOLDER}`,
});

export const secretList = (most: number): Parser<string[]> => ({
  schema: z.array(secret(/^\S+$/)).min(1).max(most),
  fromText: items,
  allowed: `at most ${most} secrets, separated by a comma, ${NO_PLACEHOLDER}`,
});

/** Secrets of visible ASCII characters, because they travel in a header. */
export const headerSecrets = (what: string): Parser<string[]> => ({
  schema: z
    .array(secret(/^[!-~]+$/))
    .min(1)
    .max(1000),
  fromText: items,
  allowed: `${what} of visible ASCII characters, separated by commas, ${NO_PLACEHOLDER}`,
});
