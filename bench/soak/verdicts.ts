import { percentiles } from '../measure/figures.ts';

/** A measurement of the server under load. */
export interface Sample {
  /** Heap in use and resident memory, right after a garbage collection. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly fileBytes: number;
  /** Tokens in the store. Dead ones stay for 600 s, in memory and in rows; growth by them is no leak. */
  readonly tokens: number;
}

/** Figures after the load has ended and all idle times are over. */
export interface Rest {
  readonly rooms: number;
  readonly participants: number;
  readonly heldPolls: number;
  readonly messages: number;
  readonly tokens: number;
  readonly openFiles: number;
}

export interface Evidence {
  /** Under steady load, oldest first. */
  readonly samples: readonly Sample[];
  readonly rest: Rest;
  /** Open descriptors of the server before any load. */
  readonly openFilesAtStart: number;
  readonly maxTokens: number;
  /** Failures that well-behaved clients saw. */
  readonly errors: readonly string[];
  readonly loggedErrors: readonly string[];
}

export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

const MEBIBYTE = 1_048_576;
/** Per token in the store, with the trace of its participant: twice the measured size. */
const TOKEN_BYTES = { heapBytes: 2_000, rssBytes: 4_000, fileBytes: 500 };
/** Allows for free pages that SQLite and the allocator keep. */
const SLACK = {
  heapBytes: { factor: 1.02, bytes: 2 * MEBIBYTE },
  rssBytes: { factor: 1.1, bytes: 16 * MEBIBYTE },
  fileBytes: { factor: 1.1, bytes: 8 * MEBIBYTE },
};
const FLAT = {
  heapBytes: 'heap in use under load, bytes',
  rssBytes: 'resident memory under load, bytes',
  fileBytes: 'database and write-ahead log, bytes',
} as const;

/**
 * Compares every figure with its limit. Memory and files must be flat: the last fifth of the samples is no higher than
 * the middle fifth, apart from slack.
 */
export function judge(evidence: Evidence): readonly Verdict[] {
  const { samples, rest, openFilesAtStart, maxTokens, errors, loggedErrors } = evidence;
  const middle = fifth(samples, 2);
  const last = fifth(samples, 4);
  const newTokens = Math.max(0, median(last, 'tokens') - median(middle, 'tokens'));
  const flat = (['heapBytes', 'rssBytes', 'fileBytes'] as const).map((key) => ({
    name: FLAT[key],
    value: median(last, key),
    limit: median(middle, key) * SLACK[key].factor + SLACK[key].bytes + newTokens * TOKEN_BYTES[key],
  }));
  return [
    ...flat,
    { name: 'open descriptors at rest', value: rest.openFiles, limit: openFilesAtStart + 5 },
    { name: 'rooms at rest', value: rest.rooms, limit: 0 },
    { name: 'participants at rest', value: rest.participants, limit: 0 },
    { name: 'held polls at rest', value: rest.heldPolls, limit: 0 },
    { name: 'rows of messages at rest', value: rest.messages, limit: 0 },
    { name: 'rows of tokens at rest', value: rest.tokens, limit: maxTokens },
    { name: 'wrong responses and lost messages', value: errors.length, limit: 0 },
    { name: 'errors in the log', value: loggedErrors.length, limit: 0 },
  ];
}

/** False for NaN, so that a missing figure fails. */
export const passes = ({ value, limit }: Verdict): boolean => value <= limit;

function fifth(samples: readonly Sample[], index: number): readonly Sample[] {
  const size = samples.length / 5;
  return samples.slice(Math.floor(index * size), Math.ceil((index + 1) * size));
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  return percentiles(samples.map((sample) => sample[key])).p50;
}
