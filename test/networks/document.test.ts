import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSettings } from '../../src/settings/settings.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/restrictive-networks.md');

/** Each line of the proofs on the page: a number, a file, and the title of a test in it. */
const proofs = [...page.matchAll(/^(\d+)\. `(test\/[^`]+)`: “([^”]+)”/gm)].map(
  ([, number = '', path = '', words = '']) => ({ number, path, words }),
);
const cited = [...page.matchAll(/\[(\d+)\]/g)].map(([, number]) => number);

describe('docs/restrictive-networks.md', () => {
  test.each(proofs)('proof $number is a test', ({ path, words }) => {
    expect(read(path).replaceAll(/\s+/g, ' ')).toContain(words);
  });

  test('cites every proof, and no other', () => {
    expect(proofs.length).toBeGreaterThan(10);
    expect([...new Set(cited)].sort()).toEqual(proofs.map(({ number }) => number).sort());
  });

  test('names settings that work, also together', () => {
    const blocks = [...page.matchAll(/^ *```sh\n([^`]*)```/gm)].map(([, text = '']) => text);
    const lines = blocks.flatMap((text) => text.split('\n')).flatMap((line) => /^ *([A-Z_]+=.*)/.exec(line)?.[1] ?? []);
    expect(lines.length).toBeGreaterThan(3);
    const given = Object.fromEntries(lines.map((line) => line.split(/=(.*)/).slice(0, 2) as [string, string]));
    // Placeholders of secrets prevent a start, so the test replaces those of the page.
    const env = { ...given, TURN_SECRET: 'relay', ACCESS_TOKEN_SECRET: '0123456789abcdef0123456789abcdef' };
    expect(readSettings(env)).toMatchObject({ defaultWaitSeconds: 12, openMode: false });
  });
});
