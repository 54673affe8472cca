import { describe, expect, test } from '@jest/globals';
import { defaultSettings, readSettings, SettingError } from '../../src/settings/settings.ts';
import { isPlaceholder } from '../../src/settings/secrets.ts';

describe('a placeholder instead of a secret', () => {
  test.each([
    ...['changeme', 'change-me', 'CHANGE_ME', 'changeme123', 'secret', 'supersecret', 'password', 'replace-me'],
    ...['replace-me-replace-me-replace-me-replace-me', 'your-secret-here', 'your-256-bit-secret', 'your_api_key'],
    ...['<secret>', '<your secret here>', '${TURN_SECRET}', '{{ secret }}', '$TURN_SECRET', '%TURN_SECRET%', '...'],
    ...['x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '00000000', ' '.repeat(32), 'undefined', 'north', 'TODO'],
    ...['a-string-secret-at-least-256-bits-long'],
  ])('"%s" is recognised as a placeholder', (text) => {
    expect(isPlaceholder(text)).toBe(true);
  });

  test.each([
    ...['hunter2', 'relay', 'one', 'two:2!', '1234567890', '!@#$%^&*', 'a secret of at least thirty-two bytes'],
    ...['0123456789abcdef0123456789abcdef', 'q1jS0aZ7Vn0wQf3k2m9LxUeR5tYb8cHd', 'secretariat', 'exchange-7'],
  ])('"%s" is accepted as a secret', (text) => {
    expect(isPlaceholder(text)).toBe(false);
  });

  test.each([
    ['ACCESS_TOKEN_SECRET', 'change-me-'.repeat(5)],
    ['TURN_SECRET', 'changeme'],
    ['TURN_SECRET', 'q1jS0aZ7Vn0wQf3k,<old secret>'],
    ['API_KEYS', 'q1jS0aZ7Vn0wQf3k,your-api-key-here'],
  ])('%s refuses a placeholder in one line that does not repeat it', (name, text) => {
    const start = (): unknown => readSettings({ OPEN_TURN: 'on', [name]: text });
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

  test('an embedding app cannot use a placeholder either', () => {
    expect(() => defaultSettings({ apiKeys: ['changeme'] })).toThrow('apiKeys (value not shown) cannot be used');
  });
});
