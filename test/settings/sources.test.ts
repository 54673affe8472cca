import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Definitions } from '../../src/settings/definition.ts';
import { longSecret, secretList } from '../../src/settings/secrets.ts';
import { readSettings, SettingError } from '../../src/settings/settings.ts';
import { collectInputs, fromEnvironment, parseDefaults, parseInputs } from '../../src/settings/sources.ts';
import type { Environment } from '../../src/settings/sources.ts';

const SECRET = 'correct-horse-battery-staple-0123456789';

const secrets = {
  signingSecret: {
    name: 'SIGNING_SECRET',
    group: 'Access',
    secret: true,
    parser: longSecret(32),
    about: '',
  },
  keys: { name: 'KEYS', group: 'Access', secret: true, parser: secretList(2), about: '' },
} as const satisfies Definitions;

function refusalOf(act: () => unknown): SettingError {
  try {
    act();
  } catch (error) {
    if (error instanceof SettingError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a secret', () => {
  const read = (env: Environment) =>
    parseInputs(secrets, collectInputs(secrets, [fromEnvironment(env)]), parseDefaults(secrets));
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

  test('is read from the environment, as a list if it may be several', () => {
    expect(read({ SIGNING_SECRET: SECRET, KEYS: 'one, two' })).toEqual({ signingSecret: SECRET, keys: ['one', 'two'] });
  });

  test.each([
    ['unchanged', SECRET],
    ['without its final newline', `${SECRET}\n`],
    ['without a final newline of Windows', `${SECRET}\r\n`],
  ])('is read from the file that NAME_FILE names, %s', (_how, content) => {
    expect(read({ SIGNING_SECRET_FILE: file(content) }).signingSecret).toBe(SECRET);
  });

  test('keeps all other spaces and newlines of its file', () => {
    expect(read({ SIGNING_SECRET_FILE: file(` ${SECRET} \n\n`) }).signingSecret).toBe(` ${SECRET} \n`);
  });

  test('cannot be given both directly and as a file', () => {
    const { message } = refusalOf(() => read({ SIGNING_SECRET: SECRET, SIGNING_SECRET_FILE: '/dev/null' }));
    expect(message).toBe('SIGNING_SECRET and SIGNING_SECRET_FILE are both given: allowed is one of them');
  });

  test('cannot come from an unreadable file', () => {
    const path = join(folder, 'absent');
    const { message } = refusalOf(() => read({ SIGNING_SECRET_FILE: path }));
    expect(message).toBe(`SIGNING_SECRET_FILE "${path}" cannot be read (ENOENT): allowed is a readable file`);
  });

  test('is not repeated in an error, whether it comes from a variable or a file', () => {
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
});

describe('an error message', () => {
  const refused = (env: Environment): string => refusalOf(() => readSettings(env)).message;

  test('is one short line for any value', () => {
    const message = refused({ HOST: `a\nb\u001b[31m${'x'.repeat(5000)}` });
    expect(message).toMatch(/^[ -~]+$/);
    expect(message.length).toBeLessThan(250);
  });

  test('does not repeat ICE servers, which may contain credentials, but says which entry is wrong', () => {
    const list = '[{"urls":"stun:a"},{"urls":"turn:b","username":"u","credential":"hunter2","x":1}]';
    const message = refused({ ICE_SERVERS: list });
    expect(message).toContain('ICE_SERVERS (value not shown) cannot be used, entry 2: allowed is');
  });

  test('does not show the password in the URL of a Redis', () => {
    expect(refused({ STORE_URL: 'redis://user:p@ss word@redis.example:6379/0' })).toContain(
      'STORE_URL "redis://***@redis.example:6379/0" cannot be used',
    );
  });
});
