import { spawnSync } from 'node:child_process';
import process from 'node:process';

const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.ci/out/'],
};

/** Whose tests are about the contract, and know nothing of the store behind it. */
const OF_THE_CONTRACT = ['access', 'health', 'http', 'limits', 'metrics', 'openapi', 'faults'];
/** Files among them that are about SQLite itself, start processes of their own, or never touch a store. */
const OF_ONE_STORE = [
  'faults/(busy-database|crashes|store-full|pipelined-requests|refused-databases|rolling-deploy|shutdown|slow-clients|too-many-connections)\\.test',
  'faults/redis-',
  '(access/published-keys|http/(full-store|json-text))\\.test',
  'openapi/(committed|examples|form|requests)\\.test',
];

/** A cluster runs the same adapter: there the interface is enough, and what it is made of (contract and stories run on it, too). */
const OF_THE_INTERFACE = ['access', 'http', 'limits'];

const onStore = (store, folders) => ({
  ...common,
  displayName: store,
  globals: { TEST_STORE: store },
  globalSetup: `<rootDir>/test/support/redis/start-${store}.ts`,
  globalTeardown: `<rootDir>/test/support/redis/end-all.ts`,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
  testPathIgnorePatterns: OF_ONE_STORE.map((path) => `<rootDir>/test/${path}`),
});

const hasRedis = spawnSync('redis-server', ['--version']).error === undefined;
if (!hasRedis) process.emitWarning('SKIPPED: redis-server is not installed, so the HTTP suite runs on SQLite only');

/**
 * Everything once, on SQLite where it needs a store; then what is about the contract on the others, too. One of them alone:
 * `npm test -- --selectProjects redis`.
 *
 * @type {import('jest').Config}
 */
export default {
  projects: [
    { ...common, displayName: 'sqlite', testMatch: ['<rootDir>/test/**/*.test.ts'] },
    ...(hasRedis ? [onStore('redis', OF_THE_CONTRACT), onStore('redis-cluster', OF_THE_INTERFACE)] : []),
  ],
  // Milliseconds. Ends a test that hangs, and must never end one that is only slow: a machine that is shared by ten others takes
  // half a minute to start a few servers. No test relies on it, and none sets a bound of its own.
  testTimeout: 240_000,
  // In one process the modules of 300 test files pile up to 4 GB: workers are replaced in time.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1200MB',
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.ts'],
};
