import { SettingError } from './errors.ts';

const asNumbers = (version: string): number[] => version.replace(/^\D+/, '').split('.').map(Number);

/**
 * An older Node loads everything and then dies in the SQLite driver without a word, so it is told before.
 *
 * @param wanted as `engines.node` of package.json: `>=22.14`
 */
export function checkRuntime(version: string, wanted: string): void {
  const [major = 0, minor = 0] = asNumbers(version);
  const [leastMajor = 0, leastMinor = 0] = asNumbers(wanted);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new SettingError(`Node ${version} cannot run this version: allowed is ${wanted}`);
}
