import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NO_TICK, TimingWheel, type Timed } from '../../src/signalling/timing-wheel.ts';
import { TestClock } from '../support/clock.ts';

class Entry implements Timed {
  before: Timed | undefined;
  after: Timed | undefined;
  dueTick = NO_TICK;
  readonly #listener: () => void;

  constructor(listener: () => void) {
    this.#listener = listener;
  }

  onDue(): void {
    this.#listener();
  }
}

function setUp() {
  const clock = new TestClock();
  const wheel = new TimingWheel(clock);
  const startedMs = clock.steadyMs();
  const due: string[] = [];
  /** Notes its name and the time at which it is due, in ms from the start. */
  const entry = (name: string, then?: () => void) =>
    new Entry(() => {
      due.push(`${name} at ${clock.steadyMs() - startedMs}`);
      then?.();
    });
  return { clock, wheel, due, entry };
}

describe('the timing wheel', () => {
  test('calls a single entry of whole 100 ms exactly at its deadline', async () => {
    const { clock, wheel, due, entry } = setUp();
    await clock.advance(37);
    wheel.add(entry('poll'), 25_000);
    await clock.advance(24_999);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual(['poll at 25037']);
  });

  test('runs one interval while it has entries, and none otherwise', async () => {
    const { clock, wheel, entry } = setUp();
    const [first, second] = [entry('first'), entry('second')];
    expect(clock.timers).toBe(0);
    wheel.add(first, 1_000);
    wheel.add(second, 200);
    expect([clock.timers, wheel.size]).toEqual([1, 2]);
    await clock.advance(200);
    expect([clock.timers, wheel.size]).toEqual([1, 1]);
    wheel.remove(first);
    expect([clock.timers, wheel.size]).toEqual([0, 0]);
  });

  test('is in order after a time in which no timer could run', async () => {
    const { clock, wheel, due, entry } = setUp();
    for (const delayMs of [900, 100, 500, 2_000]) wheel.add(entry(`${delayMs}`), delayMs);
    await clock.leap(1_234);
    expect(due).toEqual(['100 at 1234', '500 at 1234', '900 at 1234']);
    await clock.advance(766);
    expect(due.at(-1)).toBe('2000 at 2000');
  });

  test('counts from anew when its last entry adds another', async () => {
    const { clock, wheel, due, entry } = setUp();
    const second = entry('second');
    wheel.add(
      entry('first', () => wheel.add(second, 300)),
      100,
    );
    await clock.leap(1_050);
    await clock.advance(299);
    expect(due).toEqual(['first at 1050']);
    await clock.advance(1);
    expect(due).toEqual(['first at 1050', 'second at 1350']);
  });

  test('behaves like a list that is searched at every tick, for any sequence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 60 }), REACTIONS, async (steps, reactions) => {
        const { clock, wheel, due, entry } = setUp();
        const entries: Entry[] = reactions.map((reaction, id) => entry(`${id}`, () => act(real, reaction)));
        const real: Actions = {
          add: (id, delayMs) => onEntry(entries, id, (found) => wheel.add(found, delayMs)),
          remove: (id) => onEntry(entries, id, (found) => wheel.remove(found)),
        };
        const model = new SearchedList(reactions);
        for (const step of steps) {
          if (isAction(step)) act(real, step);
          else await clock[step.kind](step.ms);
          model.run(step);
          expect(due).toEqual(model.due);
          expect(wheel.size).toBe(model.size);
          expect(clock.timers).toBe(model.size > 0 ? 1 : 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

type Action =
  | { readonly kind: 'add'; readonly id: number; readonly delayMs: number }
  | { readonly kind: 'remove'; readonly id: number };
interface Passage {
  readonly kind: 'advance' | 'leap';
  readonly ms: number;
}
type Step = Action | Passage;

const isAction = (step: Step): step is Action => step.kind === 'add' || step.kind === 'remove';

interface Actions {
  add(id: number, delayMs: number): void;
  remove(id: number): void;
}

const ENTRIES = 6;
const ID = fc.nat({ max: ENTRIES - 1 });
const ACTION: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), id: ID, delayMs: fc.integer({ min: -50, max: 700 }) }),
  fc.record({ kind: fc.constant('remove' as const), id: ID }),
);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: ACTION },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('advance' as const, 'leap' as const), ms: fc.nat({ max: 450 }) }),
  },
);
/** What each entry does when it is due. */
const REACTIONS = fc.array(fc.option(ACTION, { nil: undefined }), { minLength: ENTRIES, maxLength: ENTRIES });

function act(actions: Actions, action: Action | undefined): void {
  if (action?.kind === 'add') actions.add(action.id, action.delayMs);
  else if (action !== undefined) actions.remove(action.id);
}

function onEntry(entries: readonly Entry[], id: number, use: (entry: Entry) => void): void {
  const entry = entries[id];
  if (entry !== undefined) use(entry);
}

/** The model: searches all entries at each tick. */
class SearchedList implements Actions {
  readonly due: string[] = [];
  readonly #reactions: readonly (Action | undefined)[];
  #entries: { readonly id: number; readonly deadlineMs: number; readonly addedAtTickMs: number }[] = [];
  #nowMs = 0;
  #tickMs = 0;

  constructor(reactions: readonly (Action | undefined)[]) {
    this.#reactions = reactions;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(id: number, delayMs: number): void {
    this.remove(id);
    if (this.#entries.length === 0) this.#tickMs = this.#nowMs;
    this.#entries.push({ id, deadlineMs: this.#nowMs + delayMs, addedAtTickMs: this.#tickMs });
  }

  remove(id: number): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  run(step: Step): void {
    if (isAction(step)) act(this, step);
    else this.#pass(step);
  }

  #pass(step: Passage): void {
    const untilMs = this.#nowMs + step.ms;
    if (step.kind === 'leap') this.#nowMs = untilMs;
    while (this.#entries.length > 0 && this.#tickMs + 100 <= untilMs) {
      this.#tickMs += 100;
      this.#nowMs = Math.max(this.#nowMs, this.#tickMs);
      this.#callDue(this.#tickMs);
    }
    this.#nowMs = untilMs;
  }

  #callDue(tickMs: number): void {
    for (;;) {
      const found = this.#entries.find(
        ({ deadlineMs, addedAtTickMs }) => deadlineMs <= tickMs && addedAtTickMs < tickMs,
      );
      if (found === undefined) return;
      this.remove(found.id);
      this.due.push(`${found.id} at ${this.#nowMs}`);
      act(this, this.#reactions[found.id]);
    }
  }
}
