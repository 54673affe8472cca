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

/** Folders whose tests are about the contract and independent of the store. */
const OF_THE_CONTRACT = ['access', 'health', 'http', 'in-process', 'limits', 'metrics', 'openapi', 'faults', 'socket'];
/** Files in them that are about SQLite, start processes of their own, or use no store. */
const OF_ONE_STORE = [
  'faults/(abandoned-joins|busy-database|clock-jumps|crashes|hostile-input|lost-database|pipelined-requests)\\.test',
  'faults/(refused-databases|rolling-deploy|shutdown|slow-clients|store-full|too-many-connections)\\.test',
  'faults/redis-',
  '(access/published-keys|http/(full-store|header-block|json-text)|limits/(client-address|rate)|metrics/admin-port)\\.test',
  'openapi/(committed|conformance|examples|form|requests)\\.test',
];

/** Folders for the cluster, which runs the same adapter as a single Redis. The store contract and the property tests run on it, too. */
const OF_THE_INTERFACE = ['access', 'http', 'limits', 'socket'];

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
 * All tests run once, on SQLite where they need a store. Tests of the contract also run on the other stores. A single store:
 * `npm test -- --selectProjects redis`.
 *
 * @type {import('jest').Config}
 */
export default {
  projects: [
    { ...common, displayName: 'sqlite', testMatch: ['<rootDir>/test/**/*.test.ts'] },
    ...(hasRedis ? [onStore('redis', OF_THE_CONTRACT), onStore('redis-cluster', OF_THE_INTERFACE)] : []),
  ],
  // Milliseconds. Ends a test that hangs, never one that is slow: a busy machine takes half a minute to start a few servers. No test
  // relies on it; only the random sequences of `test/property` set a limit of their own.
  testTimeout: 240_000,
  // Three workers on two cores take 13 % less time in all, but twice the time per file. The modules of 300 test files take 4 GB in
  // one process, so workers are replaced.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1200MB',
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.ts'],
};
