import { afterAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { freePort } from '../support/free-port.ts';
import { adapted, runProxy } from './proxy.ts';

afterAll(cleanUp);

test('coturn accepts every line of its configuration', async () => {
  const directory = temporaryDirectory();
  const port = await freePort();
  const config = join(directory, 'turnserver.conf');
  writeFileSync(config, adapted('coturn/turnserver.conf', { 'listening-port=3478': `listening-port=${port}` }));
  const own = [
    '--listening-ip=127.0.0.1',
    '--relay-ip=127.0.0.1',
    '--static-auth-secret=s',
    `--pidfile=${directory}/pid`,
  ];
  const output = await runProxy('turnserver', ['-c', config, ...own, `--userdb=${directory}/db`], port);
  expect(output()).not.toMatch(/bad configuration|unrecognized|unknown argument|ERROR/i);
});
