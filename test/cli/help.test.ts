import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Definition } from '../../src/settings/definition.ts';
import { definitions } from '../../src/settings/definitions/index.ts';
import { Command, killAll } from '../support/command.ts';

afterEach(killAll);

const settings = Object.values<Definition>(definitions);

describe('holdline --help', () => {
  let help = '';
  beforeAll(async () => {
    help = (await new Command(['--help']).ended).stdout;
  });

  test.each(settings)('lists $name with its allowed values and its default', ({ name, secret, parser, ...setting }) => {
    const term = secret ? `${name}[_FILE]` : `--${name.toLowerCase().replaceAll('_', '-')}`;
    const [, entry = ''] = help.split(`\n  ${term} `);
    const [text = ''] = entry.split(/\n {2}-|\n\n/);
    expect(text.replace(/\s+/g, ' ')).toContain(`[${parser.allowed}; default ${setting.default ?? 'none'}]`);
  });

  test('fits a terminal of 100 columns', () => {
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
