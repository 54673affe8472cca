import { equal } from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSettings } from '../../src/settings/settings.ts';
import { createHoldline } from '../../src/service.ts';
import { examples } from '../client/support/examples.ts';
import { converse } from './conversation.ts';
import { pack, Project } from './project.ts';

/**
 * Uses the packed client as React Native apps do: bundled by the Metro of an old and of a current release, with package exports
 * off and on; run on Hermes; tested under Jest's preset; and typed against the real react-native and react-native-webrtc.
 */
let passed = 0;
let failed = 0;
let skipped = 0;

/** @returns what `work` returned, or undefined when it failed */
async function step<Result>(what: string, work: () => Promise<Result>): Promise<Result | undefined> {
  const startedMs = performance.now();
  try {
    const result = await work();
    passed += 1;
    console.log(`passed  ${what} (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${what}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return undefined;
  }
}

/** Where npm packages keep their builds of Hermes for this machine. */
const HERMES_FOLDERS = new Map([
  ['linux-x64', 'linux64-bin'],
  ['darwin-x64', 'osx-bin'],
  ['darwin-arm64', 'osx-bin'],
]);

async function onHermes(what: string, work: (folder: string) => Promise<void>): Promise<void> {
  const machine = `${process.platform}-${process.arch}`;
  const folder = HERMES_FOLDERS.get(machine);
  if (folder !== undefined) {
    await step(what, () => work(folder));
    return;
  }
  skipped += 1;
  console.log(`SKIPPED ${what}: there is no Hermes for ${machine}`);
}

async function holdCalls(project: Project, release: string): Promise<void> {
  for (const packageExports of ['off', 'on']) {
    const what = `${release}, package exports ${packageExports}: Metro bundles the client, and the bundle holds a call`;
    await step(what, async () => converse(await project.bundle('entry.js', packageExports), url));
  }
}

async function checkOldest(project: Project): Promise<void> {
  await holdCalls(project, 'React Native 0.72');
  await onHermes('React Native 0.72: the bundle runs on Hermes and receives by `for await`', async (folder) => {
    const bundle = await project.bundle('entry.js', 'off');
    appendFileSync(bundle, readFileSync(join(project.folder, 'hermes.js')));
    const printed = await project.run(`hermes-engine-cli/${folder}/hermes`, ['-w', bundle]);
    equal(printed.trim(), 'received hello');
  });
}

async function checkNewest(project: Project): Promise<void> {
  await holdCalls(project, 'React Native 0.87');
  writeFileSync(join(project.folder, 'example.ts'), examples['react-native.ts'] ?? '');
  await step('the example of docs/client.md fits the types of react-native and react-native-webrtc', async () => {
    await project.run('.bin/tsc', ['--project', '.']);
    await project.run('.bin/tsc', ['--project', '.', '--exactOptionalPropertyTypes', 'false']);
  });
  await onHermes('a whole app with the example is bundled, and compiled by Hermes', async (folder) => {
    const bundle = await project.bundle('example.ts', 'on', { wholeApp: true });
    await project.run(`hermes-compiler/hermesc/${folder}/hermesc`, [
      '-w',
      '-O0',
      '-emit-binary',
      '-out',
      `${bundle}.hbc`,
      bundle,
    ]);
  });
  await step("an app's test runs in Jest with the preset of React Native", async () => {
    const config = JSON.stringify({ preset: '@react-native/jest-preset', testMatch: ['**/*.spec.ts'] });
    console.log(await project.run('.bin/jest', ['--ci', '--config', config], { HOLDLINE_URL: url }));
  });
}

const scratch = mkdtempSync(join(tmpdir(), 'holdline-react-native-'));
const store = { kind: 'sqlite', path: ':memory:' } as const;
const holdline = await createHoldline(defaultSettings({ host: '127.0.0.1', port: 0, store, logLevel: 'error' }));
const url = `http://127.0.0.1:${(await holdline.start()).port}`;

const tarball = await step('the package is built and packed', () => pack(scratch));
if (tarball !== undefined) {
  const oldest = await step('an app of React Native 0.72 installs', () =>
    Project.install({ name: 'oldest', babelPreset: 'metro-react-native-babel-preset', scratch, tarball }),
  );
  if (oldest) await checkOldest(oldest);
  const newest = await step('an app of React Native 0.87 installs', () =>
    Project.install({ name: 'newest', babelPreset: '@react-native/babel-preset', scratch, tarball }),
  );
  if (newest) await checkNewest(newest);
}
await holdline.close();
rmSync(scratch, { recursive: true });

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
// libwebrtc keeps the process alive.
process.exit(failed > 0 ? 1 : 0);
