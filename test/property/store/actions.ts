import fc from 'fast-check';
import type { PollOutcome } from '../../../src/signalling/store.ts';

/** One action, as plain data. Numbers choose among what exists when the action runs. */
export type Action =
  | {
      readonly kind: 'join';
      readonly room: number;
      readonly id: number;
      readonly resume: boolean;
      /** Selects one of the tokens of that name. */
      readonly token: number | null;
      readonly key: number | null;
      readonly body: number;
      readonly patient: boolean;
    }
  | { readonly kind: 'claim'; readonly token: number }
  | SendAction
  | { readonly kind: 'burst'; readonly sends: readonly SendAction[] }
  | {
      readonly kind: 'read';
      readonly who: number;
      readonly cursor: number | null;
      readonly limit: number;
      readonly maxBytes: number;
    }
  | { readonly kind: 'acknowledge'; readonly who: number; readonly cursor: number; readonly soon: boolean }
  | { readonly kind: 'leave'; readonly who: number }
  | { readonly kind: 'close-room'; readonly room: number }
  | { readonly kind: 'touch' | 'hold'; readonly who: number }
  | { readonly kind: 'end-poll'; readonly who: number; readonly outcome: PollOutcome }
  | { readonly kind: 'pass'; readonly ms: number; readonly sweep: 'all' | 'slice' | 'none' }
  | { readonly kind: 'restart'; readonly how: 'reopen' | 'kill'; readonly jumpMs: number }
  | { readonly kind: 'copy' }
  | { readonly kind: 'roll-back' };

export interface SendAction {
  readonly kind: 'send';
  readonly who: number;
  readonly messages: readonly { readonly to: number | null; readonly ttlMs: number; readonly size: number }[];
  readonly key: number | null;
  readonly body: number;
}

/** Small numbers choose present participants. */
const who = fc.nat(9);
/** Counted from the newest, since recent ones matter most. */
const recent = fc.oneof({ weight: 4, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(20) });
const room = fc.constantFrom(0, 0, 0, 1);
const maybe = (of: fc.Arbitrary<number>): fc.Arbitrary<number | null> => fc.option(of, { freq: 2 });

const send: fc.Arbitrary<SendAction> = fc.record({
  kind: fc.constant('send'),
  who,
  messages: fc.array(
    fc.record({
      to: maybe(fc.nat(3)),
      ttlMs: fc.constantFrom(100, 1_000, 10_000, 3_600_000),
      size: fc.constantFrom(0, 10, 2_000),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  key: fc.option(fc.nat(1), { freq: 1 }),
  body: fc.constantFrom(0, 0, 0, 1),
});

const join = fc.record({
  kind: fc.constant('join'),
  room,
  id: fc.nat(3),
  resume: fc.boolean(),
  token: fc.option(recent, { freq: 3 }),
  key: fc.option(fc.nat(1), { freq: 1 }),
  body: fc.constantFrom(0, 0, 0, 1),
  patient: fc.boolean(),
});

const read = fc.record({
  kind: fc.constant('read'),
  who,
  cursor: maybe(recent),
  limit: fc.integer({ min: 1, max: 8 }),
  maxBytes: fc.constantFrom(1, 1_000, 3_000, 262_144),
});

const acknowledge = fc.record({
  kind: fc.constant('acknowledge'),
  who,
  cursor: recent,
  soon: fc.boolean(),
});

const outcome = fc.constantFrom<PollOutcome[]>('answered', 'cut', 'other');
const presence = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('touch', 'hold'), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end-poll'), who, outcome }) },
);

const pass = fc.record({
  kind: fc.constant('pass'),
  ms: fc.constantFrom(1, 100, 500, 999, 1_000, 5_000, 20_000, 300_000),
  sweep: fc.constantFrom('all', 'all', 'slice', 'none'),
});

const rare = {
  claim: fc.record({ kind: fc.constant('claim'), token: recent }),
  leave: fc.record({ kind: fc.constant('leave'), who }),
  closeRoom: fc.record({ kind: fc.constant('close-room'), room }),
  burst: fc.record({ kind: fc.constant('burst'), sends: fc.array(send, { minLength: 2, maxLength: 4 }) }),
} as const;

const lasting = {
  restart: fc.record({
    kind: fc.constant('restart'),
    how: fc.constantFrom('reopen', 'kill'),
    jumpMs: fc.constantFrom(0, 0, 0, 3_600_000, -3_600_000),
  }),
  copy: fc.record({ kind: fc.constant('copy') }),
  rollBack: fc.record({ kind: fc.constant('roll-back') }),
} as const;

const common: readonly fc.WeightedArbitrary<Action>[] = [
  { weight: 12, arbitrary: join },
  { weight: 16, arbitrary: send },
  { weight: 12, arbitrary: read },
  { weight: 10, arbitrary: acknowledge },
  { weight: 5, arbitrary: presence },
  { weight: 8, arbitrary: pass },
  { weight: 3, arbitrary: rare.claim },
  { weight: 3, arbitrary: rare.leave },
  { weight: 1, arbitrary: rare.closeRoom },
  { weight: 4, arbitrary: rare.burst },
];

/** Sequences that begin with a present participant. */
export const sequences = (length: number): fc.Arbitrary<Action[]> =>
  fc
    .array(
      fc.oneof(
        ...common,
        { weight: 2, arbitrary: lasting.restart },
        { weight: 2, arbitrary: lasting.copy },
        { weight: 3, arbitrary: lasting.rollBack },
      ),
      { maxLength: length, size: 'max' },
    )
    .map((actions) => [...OPENING, ...actions]);

const OPENING: readonly Action[] = [0, 1, 2].map((id) => ({
  kind: 'join',
  room: 0,
  id,
  resume: false,
  token: null,
  key: null,
  body: 0,
  patient: true,
}));
