import { expect, test } from '@jest/globals';
import { SettingError } from '../../src/config.ts';
import { checkRuntime } from '../../src/config/runtime.ts';

test.each(['22.12.0', '22.22.1', '24.0.0', '26.1.0'])('Node %s is new enough', (version) => {
  expect(() => checkRuntime(version, '>=22.12')).not.toThrow();
});

test.each(['18.20.0', '20.20.2', '22.11.0'])('Node %s is refused in one line', (version) => {
  const line = `Node ${version} cannot run this version: allowed is >=22.12`;
  expect(() => checkRuntime(version, '>=22.12')).toThrow(new SettingError(line));
});
