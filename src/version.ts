import { readFileSync } from 'node:fs';

/** Checked when the package is published; the path holds from `src` and from `dist`. */
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

/** This package's version. */
export const VERSION = manifest.version;

const numbersOf = (version: string): number[] => version.replace(/^\D+/, '').split('.').map(Number);

/**
 * Checks the version of Node. This module imports nothing but `node:fs`, so that an older Node can load it.
 *
 * @param required a range in the form of `engines.node` in package.json: `>=22.21`
 * @returns one sentence for the operator; `undefined` when the version is new enough
 */
export function nodeVersionProblem(
  version = process.versions.node,
  required = manifest.engines.node,
): string | undefined {
  const [major = 0, minor = 0] = numbersOf(version);
  const [leastMajor = 0, leastMinor = 0] = numbersOf(required);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `Node ${version} cannot run Holdline: it needs Node ${leastMajor}.${leastMinor} or newer (https://nodejs.org)`;
}
