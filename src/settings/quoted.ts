const LONGEST = 80;

/** What a person gave, fit for one line of an error. What stands before an `@` may be a password of a URL. */
export function quoted(text: string): string {
  const safe = text.replace(/^([a-z]+:\/{0,2})?.*@/is, '$1***@');
  return JSON.stringify(safe.length > LONGEST ? `${safe.slice(0, LONGEST)}...` : safe);
}
