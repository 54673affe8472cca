import { describe, expect, test } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const records = globSync('docs/adr/[0-9]*.md', { cwd: root }).sort();

const PATH = /`((?:src|test|docs|deploy|scripts|bench|demo|migrations|\.ci|\.github)\/[\w./-]*)`/g;
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md', 'deploy/README.md'],
  ...['architecture', 'debugging', 'operations', 'performance', 'scaling'].map((name) => `docs/${name}.md`),
  ...records,
];

test.each(pages)('every path that %s names exists', (page) => {
  const named = [...read(page).matchAll(PATH)].map(([, path = '']) => path);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test.each(pages)('every npm script that %s names exists', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> };
  const named = [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});

describe('decision records', () => {
  test.each(records)('%s has at most 40 lines, and the index lists it with its title and status', (record) => {
    const text = read(record);
    const [, number = '', title = '', status = ''] = /^# (\d+)\. (.+)\n\nStatus: (.+)\.\n/.exec(text) ?? [];
    const file = record.replace('docs/adr/', '');
    expect(file).toMatch(new RegExp(`^0*${number}-`));
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(40);
    const row =
      read('docs/adr/README.md')
        .split('\n')
        .find((line) => line.includes(`(${file})`)) ?? '';
    expect(row.split('|').map((cell) => cell.trim())).toEqual(expect.arrayContaining([title, status]));
  });
});

test('workflows pin every action by its commit', () => {
  const workflows = globSync('.github/workflows/*.yml', { cwd: root });
  const used = workflows.flatMap((file) => [...read(file).matchAll(/uses: (.*)$/gm)].map(([, action = '']) => action));
  expect(used.length).toBeGreaterThan(3);
  expect(used.filter((action) => !/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
});
