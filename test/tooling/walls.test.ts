import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');
const configFile = join(root, '.dependency-cruiser.js');
const report = z.object({
  summary: z.object({ violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })) }),
});

/** Imports that every wall allows, one file per room. */
const allowed = {
  'package.json': JSON.stringify({
    dependencies: { zod: '1', 'better-sqlite3': '1', 'prom-client': '1', ws: '1' },
    devDependencies: { jest: '1' },
  }),
  ...Object.fromEntries(
    ['zod', 'better-sqlite3', 'prom-client', 'ws', 'jest'].flatMap((name) => [
      [
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: '1.0.0', type: 'module', main: 'index.js' }),
      ],
      [`node_modules/${name}/index.js`, 'export default 1;'],
    ]),
  ),
  'src/main.ts': "import './service.ts'; import './settings/settings.ts'; import './log.ts';",
  'src/index.ts': "export * from './service.ts';",
  'src/service.ts':
    "import './settings/settings.ts'; import './log.ts'; import './http/app.ts'; import './socket/sockets.ts'; import './store/open.ts'; import './signalling/verbs.ts';",
  'src/settings/settings.ts': "import '../signalling/verbs.ts'; import '../wire/schema.ts';",
  'src/log.ts': "import 'node:process';",
  'src/version.ts': "import 'node:fs';",
  'src/http/app.ts': "import '../signalling/verbs.ts'; import '../wire/schema.ts'; import './route.ts';",
  'src/http/route.ts': '',
  'src/socket/sockets.ts': "import '../signalling/verbs.ts'; import '../wire/schema.ts'; import 'ws';",
  'src/observability/metrics/metrics.ts':
    "import '../../signalling/verbs.ts'; import '../../wire/schema.ts'; import 'prom-client';",
  'src/observability/trace/trace.ts': "import '../../signalling/verbs.ts';",
  'src/store/open.ts': "import '../signalling/verbs.ts'; import 'better-sqlite3';",
  'src/signalling/verbs.ts': "import type { Shape } from '../wire/schema.ts'; import 'node:crypto'; import './ids.ts';",
  'src/signalling/ids.ts': '',
  'src/wire/schema.ts': "import 'zod'; export type Shape = 1; export const shape = 1;",
  'src/client/mailbox.ts': "import type { Shape } from '../wire/schema.ts'; import './call.ts';",
  'src/client/call.ts': '',
  'demo/page.ts': "import '../src/client/mailbox.ts';",
  'src/client/index.ts': "export * from './mailbox.ts';",
  'bench/run.ts': "import '../src/index.ts'; import 'sockjs';",
  'examples/bridge.ts': "import '../src/index.ts'; import '../src/client/index.ts';",
  'test/helper.ts': '',
};

/** A violation per wall: the file that contains it, and its source. */
const violations: Record<string, readonly [file: string, source: string]> = {
  'entry-wall': ['src/main.ts', "import './http/app.ts';"],
  'service-wall': ['src/service.ts', "import type { Shape } from './wire/schema.ts';"],
  'settings-wall': ['src/settings/settings.ts', "import '../log.ts';"],
  'log-wall': ['src/log.ts', "import './settings/settings.ts';"],
  'version-wall': ['src/version.ts', "import './log.ts';"],
  'http-wall': ['src/http/app.ts', "import type { Open } from '../store/open.ts';"],
  'socket-wall': ['src/socket/sockets.ts', "import '../http/app.ts';"],
  'ws-stays-in-socket': ['src/http/app.ts', "import 'ws';"],
  'store-wall': ['src/store/open.ts', "import '../wire/schema.ts';"],
  'observability-wall': ['src/observability/trace/trace.ts', "import '../../http/route.ts';"],
  'signalling-wall': ['src/signalling/verbs.ts', "import '../http/route.ts';"],
  'signalling-wire-types': [
    'src/signalling/verbs.ts',
    "import type { Shape } from '../wire/schema.ts'; import { shape } from '../wire/schema.ts'; export const s: Shape = shape;",
  ],
  'wire-wall': ['src/wire/schema.ts', "import type { Id } from '../signalling/ids.ts';"],
  'client-wall': ['src/client/mailbox.ts', "import '../signalling/ids.ts';"],
  'client-wire-types': ['src/client/mailbox.ts', "import { shape } from '../wire/schema.ts'; export const s = shape;"],
  'demo-wall': ['demo/page.ts', "import '../src/signalling/ids.ts';"],
  'examples-wall': ['examples/bridge.ts', "import '../src/client/call.ts';"],
  'no-room-outside-the-walls': ['src/helpers.ts', "import './store/open.ts';"],
  'client-stands-alone': ['src/client/mailbox.ts', "import 'node:crypto';"],
  'drivers-stay-in-store': ['src/http/route.ts', "import 'better-sqlite3';"],
  'prom-client-stays-in-metrics': ['src/http/route.ts', "import 'prom-client';"],
  'no-cycles': ['src/client/call.ts', "import type { Mailbox } from './mailbox.ts';"],
  'src-stands-alone': ['src/http/route.ts', "import '../../test/helper.ts';"],
  'no-dev-dependency-in-src': ['src/http/route.ts', "import 'jest';"],
  'no-unresolvable': ['src/http/route.ts', "import './nowhere.ts';"],
};

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdline-walls-'));
  for (const [file, source] of Object.entries(allowed)) add(file, source);
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function add(file: string, source: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  appendFileSync(join(directory, file), `${source}\n`);
}

/** Every violation, as `wall: file`. */
function reportedViolations(): string[] {
  const depcruise = join(root, 'node_modules/.bin/depcruise');
  const options = ['--config', configFile, '--output-type', 'json', 'src', 'demo', 'bench', 'examples'];
  const run = spawnSync(depcruise, options, { cwd: directory, encoding: 'utf8' });
  const { summary } = report.parse(JSON.parse(run.stdout));
  return summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
}

describe('the walls', () => {
  test('allow the normal imports of every room', () => {
    expect(reportedViolations()).toEqual([]);
  });

  test('report every violation by the wall that forbids it', () => {
    for (const [file, source] of Object.values(violations)) add(file, source);
    const expected = Object.entries(violations).map(([wall, [file]]) => `${wall}: ${file}`);
    expect(reportedViolations()).toEqual(expect.arrayContaining(expected));
  });

  test('each have a violation in this test', async () => {
    const config = z.object({ default: z.object({ forbidden: z.array(z.object({ name: z.string() })) }) });
    const walls = config.parse(await import(configFile)).default.forbidden.map(({ name }) => name);
    expect(Object.keys(violations).sort()).toEqual(walls.sort());
  });
});
