import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/cli/errors.ts';
import { loadSettings } from '../../src/cli/flags.ts';
import type { Definition } from '../../src/settings/definition.ts';
import { definitions } from '../../src/settings/definitions/index.ts';
import { SettingError } from '../../src/settings/settings.ts';

const SECRET = 'correct-horse-battery-staple-0123456789';
const SECRET_NAMES = Object.values<Definition>(definitions).flatMap(({ name, secret }) => (secret ? [name] : []));

/** The message of the usage error with which these arguments are refused. */
function refused(...argv: string[]): string {
  try {
    loadSettings({ env: {}, argv });
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('flags', () => {
  test('the last one wins when a flag is given twice', () => {
    expect(loadSettings({ env: {}, argv: ['--port', '1', '--port=2'] }).port).toBe(2);
  });

  test.each([
    ['--prot', 'unknown flag "--prot"; did you mean --port? See --help'],
    ['--max-wait-second=5', 'unknown flag "--max-wait-second"; did you mean --max-wait-seconds? See --help'],
    ['--MAX_WAIT_SECONDS=5', 'unknown flag "--MAX_WAIT_SECONDS"; did you mean --max-wait-seconds? See --help'],
    ['--hlep', 'unknown flag "--hlep"; did you mean --help? See --help'],
    ['--frobnicate', 'unknown flag "--frobnicate"; see --help'],
    ['-x', 'unknown flag "-x"; see --help'],
    ['--port', '--port needs a value: a whole number from 0 to 65535'],
    ['serve', 'unexpected argument: only flags with one value each are allowed'],
  ])('%s is refused with the reason', (argument, line) => {
    expect(refused(argument)).toBe(line);
  });

  test('a flag without a value does not take the next flag for one', () => {
    expect(refused('--host', '--port', '80')).toBe(
      '--host needs a value: an IP address or a host name, without a port',
    );
  });

  test('an error names the setting as the flag, not as the variable', () => {
    expect(() => loadSettings({ env: {}, argv: ['--port', 'http'] })).toThrow(
      new SettingError('--port "http" cannot be used: allowed is a whole number from 0 to 65535'),
    );
  });

  test.each([
    ['the value of an unknown flag', ['--turn-secrt', SECRET]],
    ['the value of an unknown flag after "="', [`--turn-secrt=${SECRET}`]],
    ['the value of an unknown short flag', [`-k${SECRET}`]],
    ['a stray argument', ['--port', '80', SECRET]],
    ['the value of a secret that begins like a flag', ['--turn-secret', `-${SECRET}`]],
  ])('an error does not repeat %s', (_what, argv) => {
    expect(refused(...argv)).not.toContain(SECRET);
  });

  test.each(SECRET_NAMES)('%s has no flag, and the error does not repeat the value', (name) => {
    const flag = `--${name.toLowerCase().replaceAll('_', '-')}`;
    for (const argv of [
      [flag, SECRET],
      [`${flag}=${SECRET}`],
      [flag],
      [`--${name}`, SECRET],
      [`--${name}=${SECRET}`],
    ]) {
      expect(refused(...argv)).toContain(`${name} is a secret and has no flag`);
      expect(refused(...argv)).not.toContain(SECRET);
    }
  });
});
