import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, readCommandLine, SettingError, UsageError } from '../../src/settings/settings.ts';
import { fromCommand } from '../../src/settings/inputs.ts';
import type { Environment } from '../../src/settings/inputs.ts';
import { longSecret, secrets as secretList } from '../../src/settings/secrets.ts';
import { oneOf } from '../../src/settings/parsers.ts';
import { readTable } from '../../src/settings/read.ts';
import type { Row, Table } from '../../src/settings/row.ts';
import { table } from '../../src/settings/table.ts';

const SECRET = 'correct-horse-battery-staple-0123456789';

const secrets = {
  signingSecret: {
    name: 'SIGNING_SECRET',
    group: 'Access',
    built: true,
    secret: true,
    kind: longSecret(32),
    about: '',
  },
  keys: { name: 'KEYS', group: 'Access', built: true, secret: true, kind: secretList(2), about: '' },
} as const satisfies Table;

function refusalOf(act: () => unknown): SettingError {
  try {
    act();
  } catch (error) {
    if (error instanceof SettingError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const refused = (env: Environment, ...argv: string[]): SettingError => refusalOf(() => loadSettings({ env, argv }));

describe('a secret', () => {
  const read = (env: Environment) => readTable(secrets, fromCommand(env, new Map()));
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdline-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(content: string): string {
    const path = join(folder, 'secret');
    writeFileSync(path, content);
    return path;
  }

  test('is absent unless given', () => {
    expect(read({})).toEqual({ signingSecret: undefined, keys: undefined });
  });

  test('is read from the environment, a list by comma', () => {
    expect(read({ SIGNING_SECRET: SECRET, KEYS: 'one, two' })).toEqual({ signingSecret: SECRET, keys: ['one', 'two'] });
  });

  test.each([
    ['as it is', SECRET],
    ['without its final newline', `${SECRET}\n`],
    ['without a final newline of Windows', `${SECRET}\r\n`],
  ])('is read from the file that NAME_FILE names, %s', (_how, content) => {
    expect(read({ SIGNING_SECRET_FILE: file(content) }).signingSecret).toBe(SECRET);
  });

  test('keeps whatever else its file holds', () => {
    expect(read({ SIGNING_SECRET_FILE: file(` ${SECRET} \n\n`) }).signingSecret).toBe(` ${SECRET} \n`);
  });

  test('may not be given in both ways', () => {
    const { message } = refusalOf(() => read({ SIGNING_SECRET: SECRET, SIGNING_SECRET_FILE: '/dev/null' }));
    expect(message).toBe('SIGNING_SECRET and SIGNING_SECRET_FILE are both given: allowed is one of them');
  });

  test('is refused when its file cannot be read', () => {
    const path = join(folder, 'absent');
    const { message } = refusalOf(() => read({ SIGNING_SECRET_FILE: path }));
    expect(message).toBe(`SIGNING_SECRET_FILE "${path}" cannot be read (ENOENT): allowed is a readable file`);
  });

  test('is never repeated in a refusal, from wherever it comes', () => {
    const tooShort = SECRET.slice(0, 31);
    const byValue = refusalOf(() => read({ SIGNING_SECRET: tooShort })).message;
    const byFile = refusalOf(() => read({ SIGNING_SECRET_FILE: file(tooShort) })).message;
    const tooMany = refusalOf(() => read({ KEYS: 'one,two,three' })).message;
    expect(byValue).toBe(
      'SIGNING_SECRET (value not shown) cannot be used: allowed is text of at least 32 bytes, no placeholder such as changeme',
    );
    expect(byFile).not.toContain(tooShort);
    expect(tooMany).toBe(
      'KEYS (value not shown) cannot be used: allowed is at most 2 secrets, separated by a comma, no placeholder such as changeme',
    );
  });

  test.each(Object.values(table).flatMap((row) => ('secret' in row ? [row.name] : [])))(
    '%s has no flag, and the refusal does not repeat what stood behind it',
    (name) => {
      const flag = `--${name.toLowerCase().replaceAll('_', '-')}`;
      for (const argv of [[flag, SECRET], [`${flag}=${SECRET}`]]) {
        const error = refused({}, ...argv);
        expect(error).toBeInstanceOf(UsageError);
        expect(error.message).toContain(`${name} is a secret and has no flag`);
        expect(error.message).not.toContain(SECRET);
      }
    },
  );
});

describe('what is not built yet', () => {
  const later = { later: { name: 'LATER', group: 'x', built: false, kind: oneOf('a', 'b'), about: '' } } as const;
  const read = (env: Environment, flags = new Map<string, string>()) =>
    refusalOf(() => readTable(later, fromCommand(env, flags))).message;

  test('of the settings is nothing', () => {
    expect(Object.values<Row>(table).filter((row) => !row.built)).toEqual([]);
  });

  test('stops the start, also when it is empty', () => {
    expect(read({ LATER: 'a' })).toBe('LATER "a" is not in this version yet: allowed is to leave it unset');
    expect(read({ LATER: '' })).toContain('is not in this version yet');
  });

  test('stops the start as a flag, under the name of the flag', () => {
    const flags = new Map([['LATER', 'a']]);
    expect(read({}, flags)).toBe('--later "a" is not in this version yet: allowed is to leave it unset');
  });

  test('the URL of a Redis is refused without its password', () => {
    const { message } = refused({ STORE_URL: 'redis://user:p@ss word@redis.example:6379/0' });
    expect(message).toContain('STORE_URL "redis://***@redis.example:6379/0" cannot be used');
  });
});

describe('a refusal', () => {
  test('stays one line, and short, whatever was given', () => {
    const { message } = refused({ HOST: `a\nb\u001b[31m${'x'.repeat(5000)}` });
    expect(message).toMatch(/^[ -~]+$/);
    expect(message.length).toBeLessThan(250);
  });

  test('never repeats ICE servers, since they may hold credentials, but says which entry is wrong', () => {
    const list = '[{"urls":"stun:a"},{"urls":"turn:b","username":"u","credential":"hunter2","x":1}]';
    const { message } = refused({}, '--ice-servers', list);
    expect(message).toContain('--ice-servers (value not shown) cannot be used, entry 2: allowed is');
  });
});

describe('the command line', () => {
  test('takes the last of a flag that is given twice', () => {
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
    [
      'serve',
      'only flags with one value each are allowed here; the commands are backup, trace and help, and must come first; see --help',
    ],
  ])('refuses %s', (argument, line) => {
    const error = refused({}, argument);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(line);
  });

  test('does not take the next flag for a value', () => {
    expect(refused({}, '--host', '--port', '80').message).toBe(
      '--host needs a value: an IP address or a host name, without a port',
    );
  });

  test('does not repeat what stands behind a flag that it does not know', () => {
    expect(refused({}, '--turn-secrt', SECRET).message).not.toContain(SECRET);
    expect(refused({}, `--turn-secrt=${SECRET}`).message).not.toContain(SECRET);
  });

  test('asks for help or the version, whatever else is wrong', () => {
    expect(readCommandLine(['--nonsense', '--help'])).toMatchObject({ help: true, version: false });
    expect(readCommandLine(['-h']).help).toBe(true);
    expect(readCommandLine(['-v']).version).toBe(true);
  });
});
