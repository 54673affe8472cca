import { afterEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { settingsHelp } from '../../src/config.ts';
import { Command, killAll } from './command.ts';

afterEach(killAll);

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

describe('the holdline command', () => {
  test.each(['--version', '-v'])('prints its version for %s', async (flag) => {
    expect(await new Command([flag]).ended).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each(['--help', '-h'])('prints every setting for %s', async (flag) => {
    expect(await new Command([flag]).ended).toEqual({ code: 0, stdout: settingsHelp(), stderr: '' });
  });

  test.each([
    ['MAX_WAIT_SECONDS', 'abc', 'MAX_WAIT_SECONDS "abc" cannot be used: allowed is a whole number from 1 to 300'],
    [
      'ACCESS_TOKEN_SECRET',
      'hunter2',
      'ACCESS_TOKEN_SECRET (value not shown) cannot be used: allowed is text of at least 32 bytes, no placeholder such as changeme',
    ],
  ])('ends with 1 and one line for a bad %s', async (name, text, line) => {
    expect(await new Command([], { env: { [name]: text } }).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `holdline: ${line}\n`,
    });
  });

  test('ends with 1 and one line for a bad value behind a flag', async () => {
    const { code, stderr } = await new Command(['--port', 'http']).ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'holdline: --port "http" cannot be used: allowed is a whole number from 0 to 65535\n',
    });
  });

  test('ends with 2 and one line for a flag that it does not know', async () => {
    const { code, stderr } = await new Command(['--prot', '80']).ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'holdline: unknown flag "--prot"; did you mean --port? See --help\n',
    });
  });
});
