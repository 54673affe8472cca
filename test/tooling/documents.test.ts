import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { definitions } from '../../src/settings/definitions/index.ts';

const root = join(import.meta.dirname, '../..');
const settings = Object.values(definitions).flatMap(({ name, ...row }) =>
  'secret' in row ? [name, `${name}_FILE`] : [name],
);

describe.each(['SECURITY.md', 'docs/operations.md', 'deploy/README.md'])('%s', (path) => {
  const text = readFileSync(join(root, path), 'utf8');

  test('names only tests and files that exist', () => {
    const named = [...text.matchAll(/`((?:test|deploy|scripts)\/[\w./-]*)`/g)].map(([, name = '']) => join(root, name));
    const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = '']) =>
      join(root, dirname(path), link),
    );
    expect([...named, ...linked].filter((file) => !existsSync(file))).toEqual([]);
    expect(named.length + linked.length).toBeGreaterThan(2);
  });

  test('names only settings that exist', () => {
    const named = [...text.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name);
    expect(named.filter((name) => !settings.includes(name))).toEqual([]);
  });
});

test('docs/operations.md names only holdline_ metrics that the dashboard shows', () => {
  const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const dashboard = readFileSync(join(root, 'deploy/grafana/holdline.json'), 'utf8');
  const named = new Set([...operations.matchAll(/holdline_[a-z_]+/g)].map(([name]) => name));
  expect([...named].filter((name) => !dashboard.includes(name))).toEqual([]);
});

test('the image has a base that is pinned by digest and has the Node version of the tests', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const [, base = ''] = /^ARG BASE=(.*)$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8')) ?? [];
  expect(base.split('@sha256:')).toEqual([
    `node:${devDependencies.node}-bookworm-slim`,
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ]);
});

test('.dockerignore lets in every file that the Dockerfile copies from the project', () => {
  const copied = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, sources = '']) => sources.split(' '),
  );
  const letIn = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  expect(copied.length).toBeGreaterThan(5);
  expect(copied.filter((source) => !letIn.includes(`!${source}`))).toEqual([]);
  expect(copied.filter((source) => !existsSync(join(root, source)))).toEqual([]);
});

interface Manifest {
  readonly devDependencies: { readonly node: string };
}
