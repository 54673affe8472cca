const asNumbers = (version: string): number[] => version.replace(/^\D+/, '').split('.').map(Number);

/**
 * An older Node lacks APIs that the server imports. This module imports nothing, so that an older Node can load it.
 *
 * @param wanted as `engines.node` of package.json: `>=22.14`
 * @returns one sentence for the operator; undefined when the version is new enough
 */
export function runtimeRefusal(version: string, wanted: string): string | undefined {
  const [major = 0, minor = 0] = asNumbers(version);
  const [leastMajor = 0, leastMinor = 0] = asNumbers(wanted);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `Node ${version} cannot run Holdline: it needs Node ${leastMajor}.${leastMinor} or newer (https://nodejs.org)`;
}
