import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, SettingError } from '../../src/settings/settings.ts';
import type { Definition } from '../../src/settings/definition.ts';
import { definitions } from '../../src/settings/definitions/index.ts';

const ROOT = join(import.meta.dirname, '../..');
const SECRETS = Object.values<Definition>(definitions).filter(({ secret }) => secret);

interface Placeholder {
  readonly file: string;
  readonly name: string;
  readonly value: string;
}

/** The values of secrets: `TURN_SECRET=...` in an environment file, `turn-secret: ...` in a manifest. */
function placeholdersOf(file: string): Placeholder[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return SECRETS.flatMap(({ name }) => {
    const spellings = `(?:${name}|${name.toLowerCase().replaceAll('_', '-')})`;
    const assignments = new RegExp(
      `(?<![\\w-])${spellings}(?:=|: +)(?<value>\\$\\{[^}]*\\}|"[^"]*"|'[^']*'|[^\\s\`]+)`,
      'g',
    );
    const values = [...text.matchAll(assignments)].map(
      ({ groups }) => groups?.value?.replace(/^["']|["']$/g, '') ?? '',
    );
    return values.map((value) => ({ file, name, value }));
  });
}

const files = ['deploy', 'docs']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .concat('README.md', 'SECURITY.md')
  .filter((file) => /\.\w+$|Caddyfile$/.test(file));
const placeholders = files.flatMap(placeholdersOf);

describe('placeholders of secrets in the files of this repository', () => {
  test('occur in the manifests and in the documents', () => {
    const found = new Set(placeholders.map(({ file }) => file));
    expect([...found]).toEqual(
      expect.arrayContaining([
        'deploy/compose.yaml',
        'deploy/kubernetes/holdline.yaml',
        'docs/restrictive-networks.md',
      ]),
    );
  });

  test.each(placeholders)('$value, given for $name in $file, stops the start', ({ name, value }) => {
    const start = (): unknown => readSettings({ OPEN_TURN: 'on', [name]: value });
    expect(start).toThrow(SettingError);
    expect(start).toThrow(`${name} (value not shown) cannot be used`);
  });
});
