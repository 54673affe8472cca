import { describe, expect, test } from '@jest/globals';
import { type Evidence, judge, passes, type Sample } from '../../scripts/soak/judge.ts';

const MEBIBYTE = 1_048_576;
const sample = (given: Partial<Sample> = {}): Sample => ({
  ...{ heapBytes: 30 * MEBIBYTE, rssBytes: 120 * MEBIBYTE, fileBytes: 20 * MEBIBYTE, remembered: 0 },
  ...given,
});
const healthy: Evidence = {
  samples: Array.from({ length: 100 }, () => sample()),
  rest: { rooms: 0, participants: 0, heldPolls: 0, messages: 0, tokens: 900, handles: 24 },
  handlesAtFirst: 22,
  joinsRemembered: 1_000,
  wrong: [],
  faults: [],
};

const failures = (evidence: Evidence) =>
  judge(evidence)
    .filter((verdict) => !passes(verdict))
    .map(({ what }) => what);
const growing = (key: keyof Sample, by: number): Evidence => ({
  ...healthy,
  samples: healthy.samples.map((one, index) => ({ ...one, [key]: one[key] + index * by })),
});

describe('the soak', () => {
  test('passes a server that is flat', () => {
    expect(failures(healthy)).toEqual([]);
  });

  test('passes memory that grows by what is remembered for ten minutes', () => {
    const samples = healthy.samples.map((one, index) =>
      sample({ heapBytes: one.heapBytes + index * 100_000, remembered: index * 60 }),
    );
    expect(failures({ ...healthy, samples })).toEqual([]);
  });

  test.each<[string, Evidence]>([
    ['living heap under load, bytes', growing('heapBytes', MEBIBYTE / 10)],
    ['memory under load, bytes', growing('rssBytes', 2 * MEBIBYTE)],
    ['database and log, bytes', growing('fileBytes', MEBIBYTE / 2)],
    ['open descriptors at rest', { ...healthy, rest: { ...healthy.rest, handles: 60 } }],
    ['rooms at rest', { ...healthy, rest: { ...healthy.rest, rooms: 1 } }],
    ['participants at rest', { ...healthy, rest: { ...healthy.rest, participants: 1 } }],
    ['held polls at rest', { ...healthy, rest: { ...healthy.rest, heldPolls: 1 } }],
    ['rows of messages at rest', { ...healthy, rest: { ...healthy.rest, messages: 1 } }],
    ['rows of tokens at rest', { ...healthy, rest: { ...healthy.rest, tokens: 1_001 } }],
    ['wrong answers and lost messages', { ...healthy, wrong: ['got 3 instead of 2'] }],
    ['faults in the log', { ...healthy, faults: ['{"level":"error"}'] }],
    ['memory under load, bytes', { ...healthy, samples: [] }],
  ])('fails by %s', (what, evidence) => {
    expect(failures(evidence)).toContain(what);
  });
});
