import { afterAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { adapted } from './proxy.ts';

afterAll(cleanUp);

/** The unit with an executable that exists. */
function unit(): string {
  const path = join(temporaryDirectory(), 'holdline.service');
  writeFileSync(path, adapted('systemd/holdline.service', { '/usr/bin/node': process.execPath }));
  return path;
}

test('systemd accepts the unit without a message', () => {
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit()], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('systemd rates the exposure of the unit below 2 of 10', () => {
  const args = ['security', '--offline=true', '--threshold=20', '--no-pager', unit()];
  const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  expect({ status, level: stdout.match(/exposure level.*/g) }).toMatchObject({ status: 0 });
});
