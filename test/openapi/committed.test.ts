import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

const FILE = new URL('../../openapi.yaml', import.meta.url);

test('the committed openapi.yaml is up to date, and both forms pass the linter', () => {
  const script = new URL('../../scripts/openapi.ts', import.meta.url).pathname;
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});

test('readers of YAML 1.1 and 1.2 see the same document', () => {
  const text = readFileSync(FILE, 'utf8');
  expect(parse(text, { version: '1.1' })).toEqual(parse(text, { version: '1.2' }));
});
