import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Deferred, whenReady, type Awaitable } from '../../src/signalling/deferred.ts';

describe('a deferred', () => {
  test('runs its steps at once when it is resolved, in their order', () => {
    const deferred = new Deferred<number>();
    const seen: number[] = [];
    void deferred.then((value) => value + 1).then((value) => void seen.push(value));
    deferred.resolve(1);
    expect(seen).toEqual([2]);
  });

  test('is the same object after each step', () => {
    const deferred = new Deferred<number>();
    expect(deferred.then((value) => value + 1).then(String)).toBe(deferred);
  });

  test('keeps its first outcome', async () => {
    const deferred = new Deferred<number>();
    deferred.resolve(1);
    deferred.resolve(2);
    deferred.reject(new Error('late'));
    expect(await deferred).toBe(1);
  });

  test('rejects with what a step throws', async () => {
    const deferred = new Deferred<number>();
    const failed = deferred.then(() => {
      throw new Error('in a step');
    });
    deferred.resolve(1);
    await expect(failed).rejects.toThrow('in a step');
  });

  /** A step that passes the value on, throws it, or promises either. */
  const step = fc.record({ does: fc.constantFrom('return', 'throw', 'promise', 'reject'), add: fc.nat(9) });
  type Step = { readonly does: string; readonly add: number };
  const run =
    ({ does, add }: Step) =>
    (outcome: unknown): Awaitable<number> => {
      const value = Number(outcome instanceof Error ? outcome.message : outcome) * 10 + add;
      if (does === 'throw') throw new Error(`${value}`);
      if (does === 'return') return value;
      return does === 'promise' ? Promise.resolve(value) : Promise.reject(new Error(`${value}`));
    };

  test('has the outcome of a promise with the same steps, resolved before, between or after them', async () => {
    const steps = fc.array(fc.record({ onValue: fc.option(step), onError: fc.option(step) }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(6), fc.boolean(), async (all, settledAfter, isRejected) => {
        const deferred = new Deferred<number>();
        const settle = (): void => (isRejected ? deferred.reject(new Error('1')) : deferred.resolve(1));
        let promise: Promise<number> = isRejected ? Promise.reject(new Error('1')) : Promise.resolve(1);
        all.forEach(({ onValue, onError }, index) => {
          if (index === settledAfter) settle();
          const [onFulfilled, onRejected] = [onValue && run(onValue), onError && run(onError)];
          promise = promise.then(onFulfilled, onRejected);
          void deferred.then(onFulfilled, onRejected);
        });
        settle();
        const [actual, expected] = await Promise.allSettled([deferred, promise]);
        expect(actual).toEqual(expected);
      }),
    );
  });
});

describe('whenReady', () => {
  test('goes on at once with a value', () => {
    expect(whenReady(1, (value) => value + 1)).toBe(2);
  });

  test('goes on with the value of a promise', async () => {
    expect(await whenReady(Promise.resolve(1), (value) => value + 1)).toBe(2);
  });
});
