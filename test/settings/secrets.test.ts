import { describe, expect, test } from '@jest/globals';
import { defaultSettings, loadSettings, SettingError } from '../../src/settings/settings.ts';
import { isPlaceholder } from '../../src/settings/secrets.ts';

describe('a placeholder in the place of a secret', () => {
  test.each([
    ...['changeme', 'change-me', 'CHANGE_ME', 'changeme123', 'secret', 'supersecret', 'password', 'replace-me'],
    ...['replace-me-replace-me-replace-me-replace-me', 'your-secret-here', 'your-256-bit-secret', 'your_api_key'],
    ...['<secret>', '<your secret here>', '${TURN_SECRET}', '{{ secret }}', '$TURN_SECRET', '%TURN_SECRET%', '...'],
    ...['x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '00000000', ' '.repeat(32), 'undefined', 'north', 'TODO'],
    ...['a-string-secret-at-least-256-bits-long'],
  ])('"%s" is recognised', (text) => {
    expect(isPlaceholder(text)).toBe(true);
  });

  test.each([
    ...['hunter2', 'relay', 'one', 'two:2!', '1234567890', '!@#$%^&*', 'a secret of at least thirty-two bytes'],
    ...['0123456789abcdef0123456789abcdef', 'q1jS0aZ7Vn0wQf3k2m9LxUeR5tYb8cHd', 'secretariat', 'exchange-7'],
  ])('"%s" is none', (text) => {
    expect(isPlaceholder(text)).toBe(false);
  });

  test.each([
    ['ACCESS_TOKEN_SECRET', 'change-me-'.repeat(5)],
    ['TURN_SECRET', 'changeme'],
    ['TURN_SECRET', 'q1jS0aZ7Vn0wQf3k,<old secret>'],
    ['API_KEYS', 'q1jS0aZ7Vn0wQf3k,your-api-key-here'],
  ])('stops the start as %s, in one line that does not repeat it', (name, text) => {
    const start = (): unknown => loadSettings({ env: { OPEN_TURN: 'on', [name]: text }, argv: [] });
    expect(start).toThrow(SettingError);
    expect(start).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          new RegExp(
            `^${name} \\(value not shown\\) cannot be used.*: allowed is .*, no placeholder such as changeme$`,
          ),
        ),
      }),
    );
  });

  test('is also refused in the settings of an embedding app', () => {
    expect(() => defaultSettings({ apiKeys: ['changeme'] })).toThrow('apiKeys (value not shown) cannot be used');
  });
});
