import { describe, expect, test } from '@jest/globals';
import { type Evidence, judge, passes, type Sample } from '../../bench/soak/verdicts.ts';

const MEBIBYTE = 1_048_576;
const sample = (given: Partial<Sample> = {}): Sample => ({
  ...{ heapBytes: 30 * MEBIBYTE, rssBytes: 120 * MEBIBYTE, fileBytes: 20 * MEBIBYTE, tokens: 0 },
  ...given,
});
const healthy: Evidence = {
  samples: Array.from({ length: 100 }, () => sample()),
  rest: { rooms: 0, participants: 0, heldPolls: 0, messages: 0, tokens: 900, openFiles: 24 },
  openFilesAtStart: 22,
  maxTokens: 1_000,
  errors: [],
  loggedErrors: [],
};

const failures = (evidence: Evidence) =>
  judge(evidence)
    .filter((verdict) => !passes(verdict))
    .map(({ name }) => name);
const growing = (key: keyof Sample, by: number): Evidence => ({
  ...healthy,
  samples: healthy.samples.map((one, index) => ({ ...one, [key]: one[key] + index * by })),
});

describe('the soak', () => {
  test('passes a server whose figures are flat', () => {
    expect(failures(healthy)).toEqual([]);
  });

  test('passes memory that grows with the tokens that are kept for ten minutes', () => {
    const samples = healthy.samples.map((one, index) =>
      sample({ heapBytes: one.heapBytes + index * 100_000, tokens: index * 60 }),
    );
    expect(failures({ ...healthy, samples })).toEqual([]);
  });

  test.each<[string, Evidence]>([
    ['heap in use under load, bytes', growing('heapBytes', MEBIBYTE / 10)],
    ['resident memory under load, bytes', growing('rssBytes', 2 * MEBIBYTE)],
    ['database and write-ahead log, bytes', growing('fileBytes', MEBIBYTE / 2)],
    ['open descriptors at rest', { ...healthy, rest: { ...healthy.rest, openFiles: 60 } }],
    ['rooms at rest', { ...healthy, rest: { ...healthy.rest, rooms: 1 } }],
    ['participants at rest', { ...healthy, rest: { ...healthy.rest, participants: 1 } }],
    ['held polls at rest', { ...healthy, rest: { ...healthy.rest, heldPolls: 1 } }],
    ['rows of messages at rest', { ...healthy, rest: { ...healthy.rest, messages: 1 } }],
    ['rows of tokens at rest', { ...healthy, rest: { ...healthy.rest, tokens: 1_001 } }],
    ['wrong responses and lost messages', { ...healthy, errors: ['received 3 instead of 2'] }],
    ['errors in the log', { ...healthy, loggedErrors: ['{"level":"error"}'] }],
    ['resident memory under load, bytes', { ...healthy, samples: [] }],
  ])('fails by: %s', (name, evidence) => {
    expect(failures(evidence)).toContain(name);
  });
});
