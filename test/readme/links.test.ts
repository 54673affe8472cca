import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'bench/*.md'], { cwd: root });

const linksOf = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(
    ([, link]) => link ?? [],
  );

test.each(pages)('every file that %s links to is there', (page) => {
  const local = linksOf(page).filter((link) => !/^[a-z]+:/.test(link));
  const missing = local.filter((link) => !existsSync(join(root, dirname(page), link)));
  expect(missing.map((link) => relative('.', link))).toEqual([]);
});
