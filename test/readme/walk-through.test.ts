import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHoldline, defaultSettings, type Holdline } from '../../src/index.ts';

const run = promisify(execFile);
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
let holdline: Holdline;
let port: number;

beforeAll(async () => {
  const settings = defaultSettings({
    port: 0,
    host: '127.0.0.1',
    store: { kind: 'sqlite', path: ':memory:' },
    logLevel: 'silent',
  });
  holdline = await createHoldline(settings);
  ({ port } = await holdline.start());
});
afterAll(() => holdline.close());

function walkThrough(): string {
  const [, part = ''] = /<!-- walk-through -->(.*)<!-- \/walk-through -->/s.exec(readme) ?? [];
  return [...part.matchAll(/^```sh\n(.*?)^```/gms)].map(([, commands]) => commands).join('\n');
}

test("the README's own commands show a poll that waits, a message that arrives, a lost reply and an error", async () => {
  const script = walkThrough();
  expect(script).toContain('localhost:8080');
  const { stdout } = await run('bash', ['-eu', '-c', script.replaceAll('localhost:8080', `127.0.0.1:${port}`)]);

  const waited = Number(/Bob waited (\d+\.\d+) s/.exec(stdout)?.[1]);
  expect(waited).toBeGreaterThan(2.5);
  expect(waited).toBeLessThan(5);
  const copies = [...stdout.matchAll(/"id":"([^"]+)","from":"alice","to":"bob","type":"invite"/g)].map(([, id]) => id);
  expect(copies).toHaveLength(2);
  expect(new Set(copies).size).toBe(1);
  expect(stdout).toContain('"messages":[],"cursor"');
  expect(stdout).toContain('"pointer":"/body/type"');
  expect(stdout).toContain('"pointer":"/body/ttl"');
});
