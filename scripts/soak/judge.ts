/** One look at the server under load. */
export interface Sample {
  /** What lives in the heap, and what the process takes, without garbage. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly fileBytes: number;
  /** Dead tokens are remembered for 600 s, in memory and in rows; what grows by them is no leak. */
  readonly remembered: number;
}

/** What is left when nobody comes any more and all idle times are over. */
export interface Rest {
  readonly rooms: number;
  readonly participants: number;
  readonly heldPolls: number;
  readonly messages: number;
  readonly tokens: number;
  readonly handles: number;
}

export interface Evidence {
  /** Under steady load, oldest first. */
  readonly samples: readonly Sample[];
  readonly rest: Rest;
  /** Descriptors of the server before any load. */
  readonly handlesAtFirst: number;
  readonly joinsRemembered: number;
  readonly wrong: readonly string[];
  readonly faults: readonly string[];
}

export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly allowed: number;
}

const MEBIBYTE = 1_048_576;
/** Per remembered token, with what a trace remembers of its participant; measured, and then twice that. */
const TOKEN_BYTES = { heapBytes: 2_000, rssBytes: 4_000, fileBytes: 500 };
/** Pages that SQLite, and pages that the allocator keeps. */
const SLACK = {
  heapBytes: { factor: 1.02, bytes: 2 * MEBIBYTE },
  rssBytes: { factor: 1.1, bytes: 16 * MEBIBYTE },
  fileBytes: { factor: 1.1, bytes: 8 * MEBIBYTE },
};
const FLAT = {
  heapBytes: 'living heap under load, bytes',
  rssBytes: 'memory under load, bytes',
  fileBytes: 'database and log, bytes',
} as const;

/** Every number with its bound; flat means that the last fifth of the samples is no higher than the middle one, but for slack. */
export function judge({ samples, rest, handlesAtFirst, joinsRemembered, wrong, faults }: Evidence): readonly Verdict[] {
  const middle = part(samples, 2);
  const last = part(samples, 4);
  const remembered = Math.max(0, median(last, 'remembered') - median(middle, 'remembered'));
  const flat = (['heapBytes', 'rssBytes', 'fileBytes'] as const).map((key) => ({
    what: FLAT[key],
    value: median(last, key),
    allowed: median(middle, key) * SLACK[key].factor + SLACK[key].bytes + remembered * TOKEN_BYTES[key],
  }));
  return [
    ...flat,
    { what: 'open descriptors at rest', value: rest.handles, allowed: handlesAtFirst + 5 },
    { what: 'rooms at rest', value: rest.rooms, allowed: 0 },
    { what: 'participants at rest', value: rest.participants, allowed: 0 },
    { what: 'held polls at rest', value: rest.heldPolls, allowed: 0 },
    { what: 'rows of messages at rest', value: rest.messages, allowed: 0 },
    { what: 'rows of tokens at rest', value: rest.tokens, allowed: joinsRemembered },
    { what: 'wrong answers and lost messages', value: wrong.length, allowed: 0 },
    { what: 'faults in the log', value: faults.length, allowed: 0 },
  ];
}

export const passes = ({ value, allowed }: Verdict): boolean => value <= allowed;

function part(samples: readonly Sample[], fifth: number): readonly Sample[] {
  const size = samples.length / 5;
  return samples.slice(Math.floor(fifth * size), Math.ceil((fifth + 1) * size));
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  const values = samples.map((sample) => sample[key]).toSorted((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? NaN;
}
