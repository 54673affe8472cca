import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ALLOW_DEVICES, FAKE_DEVICES, QUIET, TRUST_ALL } from '../chromium.ts';
import { onCleanUp } from '../clean-up.ts';
import { WAIT_TIMEOUT_MS } from '../wait-timeout.ts';
import { temporaryDirectory } from '../server-process.ts';
import type { Endpoint, Namespace } from './namespace.ts';

/** A page of a Chromium on that machine. Uses the proxy, and trusts every certificate, such as that of the test. */
export async function openPage(machine: Namespace, { host, port }: Endpoint): Promise<Page> {
  const browser = await chromium.launch({
    timeout: WAIT_TIMEOUT_MS,
    // Controlled through pipes, since no connection leads into the namespace.
    executablePath: commandOf(machine, 'chromium'),
    proxy: { server: `http://${host}:${port}` },
    args: [...QUIET, FAKE_DEVICES, ALLOW_DEVICES, TRUST_ALL],
  });
  onCleanUp(() => browser.close());
  return newPage(browser);
}

async function newPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_TIMEOUT_MS);
  return page;
}

/** An executable file that runs the program on that machine; browser launchers accept only one file. */
function commandOf(machine: Namespace, program: string): string {
  const path = join(temporaryDirectory(), program);
  writeFileSync(path, `#!/bin/sh\nexec ${machine.prefix.join(' ')} ${program} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
