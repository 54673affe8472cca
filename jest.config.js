/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.ci/out/'],
  // Milliseconds. A bound for what hangs, wide enough for a busy machine on which coturn or Chromium take seconds to start; a test
  // that waits for a whole poll window sets its own, higher one.
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.ts'],
};
