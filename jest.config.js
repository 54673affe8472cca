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
  // Milliseconds. A test that waits for a whole poll window or a child process sets its own, higher bound.
  testTimeout: 10_000,
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.ts'],
};
