import { expect, test } from '@jest/globals';
import { nodeVersionProblem } from '../../src/version.ts';

test.each(['22.12.0', '22.22.1', '24.0.0', '26.1.0'])('Node %s is new enough', (version) => {
  expect(nodeVersionProblem(version, '>=22.12')).toBeUndefined();
});

test.each(['18.20.0', '20.20.2', '22.11.0'])('Node %s is refused in one sentence', (version) => {
  expect(nodeVersionProblem(version, '>=22.12')).toBe(
    `Node ${version} cannot run Holdline: it needs Node 22.12 or newer (https://nodejs.org)`,
  );
});
