import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { defaultSettings } from '../../src/settings/settings.ts';
import { openApi30, openApiDocument } from '../../src/http/openapi/document.ts';
import { createHoldline } from '../../src/service.ts';
import { VERSION } from '../../src/version.ts';
import { DEFAULT_BOUNDS } from '../support/bounds.ts';
import { IdleCutter } from './idle-cutter.ts';
import { GENERATORS, OPENAPI_30, outputOf, type Generator } from './generators.ts';

/**
 * Generates clients from the description, and holds a whole conversation with each against the real service. What the generators
 * wrote is used as it is.
 */
const folder = fileURLToPath(new URL('.', import.meta.url));
const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

/** Rejects with all that the program said when it fails. */
async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const PATH = `${folder}node_modules/.bin:${process.env.PATH ?? ''}`;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}\n${(await said).join('')}`);
}

const isThere = (program: string, ...args: string[]): Promise<boolean> =>
  run(program, args).then(
    () => true,
    () => false,
  );

/** Bundled, since generated modules import each other without file endings. */
async function bundle(name: string, program = name): Promise<string> {
  const outfile = `${outputOf(name)}/${program}.bundle.mjs`;
  const entryPoints = [`${folder}typescript/${program}.ts`];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  return outfile;
}

async function converse({ name, converse: language }: Generator, url: string): Promise<void> {
  const env = { HOLDLINE_URL: url };
  if (language === 'typescript') await run(process.execPath, [await bundle(name)], env);
  if (language === 'python') {
    await run('python3', [`${folder}python/conversation.py`], {
      ...env,
      PYTHONPATH: outputOf(name),
      PYTHONDONTWRITEBYTECODE: '1',
    });
  }
}

/** The age at which many networks cut polls of clients that cannot adapt. */
const CUT_AFTER_MS = 5_000;

async function pollThroughCutter(port: number): Promise<void> {
  await using cutter = await IdleCutter.start(port, CUT_AFTER_MS);
  await run(process.execPath, [await bundle('hey-api', 'cut-polls')], { HOLDLINE_URL: cutter.url });
}

let passed = 0;
let failed = 0;
let skipped = 0;

async function step(what: string, work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  try {
    await work();
    passed += 1;
    console.log(`passed  ${what} (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${what}\n${String(error)}`);
  }
}

rmSync(`${folder}generated`, { recursive: true, force: true });
await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
for (const { name } of GENERATORS) mkdirSync(outputOf(name), { recursive: true });
writeFileSync(OPENAPI_30, JSON.stringify(openApi30(openApiDocument({ bounds: DEFAULT_BOUNDS, version: VERSION }))));

const store = { kind: 'sqlite', path: ':memory:' } as const;
const holdline = await createHoldline(defaultSettings({ host: '127.0.0.1', port: 0, store, logLevel: 'error' }));
const { port } = await holdline.start();
const hasJava = await isThere('java', '-version');
const hasPython = await isThere('python3', '-c', 'import certifi, dateutil, six, urllib3');
const missing = ({ generate: [program], converse: language }: Generator): string | undefined => {
  if (program === 'java' && !hasJava) return 'java is not installed';
  return language === 'python' && !hasPython
    ? 'python3 or one of certifi, dateutil, six, urllib3 is not installed'
    : undefined;
};

for (const generator of GENERATORS) {
  const lack = missing(generator);
  if (lack !== undefined) {
    skipped += 1;
    console.log(`SKIPPED ${generator.name}: ${lack}`);
    continue;
  }
  const [program, ...args] = generator.generate;
  await step(`${generator.name} generates`, () => run(program, args));
  if (generator.converse === undefined) continue;
  await step(`${generator.name} holds a whole conversation`, () => converse(generator, `http://127.0.0.1:${port}`));
}
await step('hey-api gets whole answers from its third poll on, where polls are cut after 5 s', () =>
  pollThroughCutter(port),
);
if (hasJava) await step('the types of all TypeScript clients fit the conversation', () => run(tsc, ['-p', folder]));
await holdline.close();

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0) process.exitCode = 1;
