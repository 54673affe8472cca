import { describe, expect, test } from '@jest/globals';
import { settingsHelp, settingsTable } from '../../src/settings/settings.ts';
import { helpText } from '../../src/settings/help.ts';
import { oneOf } from '../../src/settings/parsers.ts';
import type { Row } from '../../src/settings/row.ts';
import { table } from '../../src/settings/table.ts';

const rows: readonly Row[] = Object.values(table);

describe('--help', () => {
  const help = settingsHelp();

  test.each(rows.filter((row) => row.built))('lists $name with its default', (row) => {
    const flag = row.secret ? `${row.name}[_FILE]` : `--${row.name.toLowerCase().replaceAll('_', '-')}`;
    const [, entry = ''] = help.split(`\n  ${flag} `);
    const [text = ''] = entry.split(/\n {2}-|\n\n/);
    expect(text.replace(/\s+/g, ' ')).toContain(`[${row.kind.allowed}; default ${row.default ?? 'none'}]`);
  });

  test('says what is not there yet', () => {
    const later: Row = { name: 'LATER', group: 'x', built: false, kind: oneOf('a', 'b'), about: '' };
    expect(helpText({ later })).toMatch(/Not in this version yet.*LATER/s);
    expect(help).not.toContain('Not in this version yet');
  });

  test('fits a terminal of 100 columns', () => {
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe('the table of the README', () => {
  const lines = settingsTable().split('\n');

  test.each(rows.filter((row) => row.built))('has a row for $name', ({ name, default: byDefault }) => {
    const line = lines.find((candidate) => candidate.startsWith(`| \`${name}\` `));
    expect(line).toContain(byDefault === undefined ? '| none ' : `| \`${byDefault}\` `);
  });

  test('has as many cells in every row', () => {
    const cells = lines.filter((line) => line.startsWith('|')).map((line) => line.split(' | ').length);
    expect(new Set(cells)).toEqual(new Set([4]));
  });
});
