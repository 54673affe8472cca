import { hash } from 'node:crypto';

/** SHA-256 over parts that may contain anything: each is length-prefixed by its JSON form. */
export const digest = (...parts: readonly string[]): string => hash('sha256', JSON.stringify(parts), 'base64url');

/** The same for bodies that are the same JSON, whatever their spacing and the order of their keys. */
export const fingerprint = (json: unknown): string => hash('sha256', JSON.stringify(sorted(json)), 'base64url');

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  const pairs = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  // Of an object's own form, integer-like keys and `__proto__` would change place or vanish; of an array's, `{}` would be `[]`.
  return { pairs: pairs.map(([key, value]) => [key, sorted(value)]) };
}
