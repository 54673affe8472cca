import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHoldline, defaultSettings, type Holdline } from '../../src/index.ts';

const run = promisify(execFile);
const DELIVERED = 'holdline_delivery_seconds_count';
/** In place of the three seconds in which a reader's poll is surely held by then. */
const UNTIL_HELD = `until curl -s $address/metrics | grep -q '^holdline_held_polls 1$'; do sleep 0.1; done`;
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
let holdline: Holdline;
let address: string;

beforeAll(async () => {
  const settings = defaultSettings({
    port: 0,
    host: '127.0.0.1',
    store: { kind: 'sqlite', path: ':memory:' },
    logLevel: 'silent',
  });
  holdline = await createHoldline(settings);
  const { port } = await holdline.start();
  address = `127.0.0.1:${port}`;
});
afterAll(() => holdline.close());

function walkThrough(): string {
  const [, part = ''] = /<!-- walk-through -->(.*)<!-- \/walk-through -->/s.exec(readme) ?? [];
  return [...part.matchAll(/^```sh\n(.*?)^```/gms)].map(([, commands]) => commands).join('\n');
}

test("the README's own commands show a poll that waits, a message that arrives, a lost reply and an error", async () => {
  const script = walkThrough();
  expect(script).toContain('localhost:8080');
  expect(script).toContain('\nsleep 3\n');
  const adapted = script.replaceAll('localhost:8080', address).replace('sleep 3', () => UNTIL_HELD);
  const { stdout } = await run('bash', ['-eu', '-c', adapted], { env: { ...process.env, address } });

  expect(stdout).toMatch(/Bob waited \d+\.\d+ s/);
  // Of all messages, the one of Alice reached a poll that was held.
  expect(await (await fetch(`http://${address}/metrics`)).text()).toContain(`${DELIVERED}{poll="held"} 1\n`);
  const copies = [...stdout.matchAll(/"id":"([^"]+)","from":"alice","to":"bob","type":"invite"/g)].map(([, id]) => id);
  expect(copies).toHaveLength(2);
  expect(new Set(copies).size).toBe(1);
  expect(stdout).toContain('"messages":[],"cursor"');
  expect(stdout).toContain('"pointer":"/body/type"');
  expect(stdout).toContain('"pointer":"/body/ttl"');
});
