import fc from 'fast-check';

/** One action with held polls and reading sockets, as plain data. Numbers choose among what exists when the action runs. */
export type Action =
  | { readonly kind: 'join'; readonly id: number; readonly how: 'new' | 'resume' | 'restart' }
  | {
      readonly kind: 'send';
      readonly who: number;
      readonly to: number | null;
      readonly count: number;
      readonly ttlMs: number;
    }
  | {
      readonly kind: 'poll';
      readonly who: number;
      /** Index among the received cursors, from the newest; null: no cursor. */
      readonly cursor: number | null;
      readonly windowMs: number;
      readonly limit: number;
      /** Whether the reply gets lost. */
      readonly lost: boolean;
    }
  /** A socket reads from now on. */
  | {
      readonly kind: 'read';
      readonly who: number;
      readonly cursor: number | null;
      readonly limit: number;
      /** Whether the client answers each batch at once, or only when it catches up. */
      readonly answers: 'at once' | 'later';
    }
  /** A client answers so many batches of its reading, with the last cursor that it has handled. */
  | { readonly kind: 'catch-up'; readonly reading: number; readonly cursor: number; readonly times: number }
  /** Nothing arrives through this socket any more, in either direction, and its end is not seen. */
  | { readonly kind: 'lose'; readonly reading: number }
  | { readonly kind: 'hang-up'; readonly poll: number }
  /** Two polls, one after the other, that the network cuts off at this age: with or without telling the server. */
  | { readonly kind: 'cut'; readonly who: number; readonly ageMs: number; readonly silently: boolean }
  | { readonly kind: 'acknowledge'; readonly who: number; readonly cursor: number }
  | { readonly kind: 'leave'; readonly who: number }
  | { readonly kind: 'pass'; readonly ms: number }
  /** Actions that all begin before any of them ends. */
  | { readonly kind: 'together'; readonly actions: readonly Action[] }
  /** Whether the store delays its answers to reads, so that they are stale. */
  | { readonly kind: 'reads'; readonly slow: boolean }
  /** The fate of hints from now on. */
  | { readonly kind: 'hints'; readonly fate: 'passed' | 'dropped' | 'doubled' | 'late' }
  /** Whether those who have a reader count as listening, and those who have none do not. */
  | { readonly kind: 'roster' }
  | { readonly kind: 'restart'; readonly how: 'reopen' | 'kill' }
  /** A restart after a drain, in which the clients go on. */
  | { readonly kind: 'drain'; readonly overMs: number; readonly meanwhile: readonly Action[] };

const who = fc.nat(3);
const recent = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(4) });

const join = fc.record({
  kind: fc.constant('join'),
  id: fc.nat(3),
  how: fc.constantFrom('new', 'resume', 'restart'),
});

const send = fc.record({
  kind: fc.constant('send'),
  who,
  to: fc.option(fc.nat(3), { freq: 1 }),
  count: fc.integer({ min: 1, max: 5 }),
  ttlMs: fc.constantFrom(300, 2_000, 3_600_000, 3_600_000),
});

const poll = fc.record({
  kind: fc.constant('poll'),
  who,
  cursor: fc.option(recent, { freq: 5 }),
  windowMs: fc.constantFrom(0, 1_000, 5_000, 5_000, 25_000),
  limit: fc.constantFrom(1, 2, 3, 64),
  lost: fc.constantFrom(false, false, false, true),
});

const read = fc.record({
  kind: fc.constant('read'),
  who,
  cursor: fc.option(recent, { freq: 5 }),
  limit: fc.constantFrom(1, 2, 3, 64),
  answers: fc.constantFrom('at once', 'at once', 'later'),
});

const catchUp = fc.record({
  kind: fc.constant('catch-up'),
  reading: fc.nat(3),
  cursor: recent,
  times: fc.integer({ min: 1, max: 4 }),
});

const rest = {
  lose: fc.record({ kind: fc.constant('lose'), reading: fc.nat(3) }),
  roster: fc.record({ kind: fc.constant('roster') }),
  hangUp: fc.record({ kind: fc.constant('hang-up'), poll: fc.nat(5) }),
  cut: fc.record({
    kind: fc.constant('cut'),
    who,
    ageMs: fc.constantFrom(2_500, 4_000, 15_000),
    silently: fc.boolean(),
  }),
  acknowledge: fc.record({ kind: fc.constant('acknowledge'), who, cursor: recent }),
  leave: fc.record({ kind: fc.constant('leave'), who }),
  pass: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(1, 100, 400, 1_000, 1_000, 5_000, 5_000, 25_000) }),
  hints: fc.record({
    kind: fc.constant('hints'),
    fate: fc.constantFrom('passed', 'passed', 'dropped', 'dropped', 'doubled', 'late'),
  }),
  reads: fc.record({ kind: fc.constant('reads'), slow: fc.boolean() }),
  restart: fc.record({ kind: fc.constant('restart'), how: fc.constantFrom('reopen', 'kill') }),
} as const;

const together: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('together'),
  actions: fc.array(fc.oneof(send, poll, poll, read, read, catchUp, rest.hangUp, rest.acknowledge), {
    minLength: 2,
    maxLength: 5,
  }),
});

const drain: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('drain'),
  overMs: fc.constantFrom(0, 2_000),
  meanwhile: fc.array(fc.oneof(send, poll, read, catchUp, rest.hangUp), { maxLength: 5 }),
});

const OPENING: readonly Action[] = [0, 1, 2].map((id) => ({ kind: 'join', id, how: 'new' }));

/** Sequences that begin with three present clients. */
export const sequences = (length: number): fc.Arbitrary<readonly Action[]> =>
  fc
    .array(
      fc.oneof<fc.WeightedArbitrary<Action>[]>(
        { weight: 16, arbitrary: send },
        { weight: 12, arbitrary: poll },
        { weight: 12, arbitrary: read },
        { weight: 6, arbitrary: catchUp },
        { weight: 8, arbitrary: together },
        { weight: 2, arbitrary: rest.reads },
        { weight: 8, arbitrary: rest.pass },
        { weight: 4, arbitrary: join },
        { weight: 3, arbitrary: rest.hangUp },
        { weight: 3, arbitrary: rest.cut },
        { weight: 3, arbitrary: rest.acknowledge },
        { weight: 5, arbitrary: rest.hints },
        { weight: 2, arbitrary: rest.lose },
        { weight: 2, arbitrary: rest.roster },
        { weight: 1, arbitrary: rest.leave },
        { weight: 1, arbitrary: rest.restart },
        { weight: 1, arbitrary: drain },
      ),
      { maxLength: length, size: 'max' },
    )
    .map((actions) => [...OPENING, ...actions]);
