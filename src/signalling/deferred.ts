/** A value, or a promise of one. */
export type Awaitable<T> = T | PromiseLike<T>;

export const isPromise = <T>(value: Awaitable<T>): value is PromiseLike<T> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Goes on at once with a value, and with that of a promise when it is fulfilled. */
export const whenReady = <T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> =>
  isPromise(value) ? value.then(next) : next(value);

type OnValue = ((value: unknown) => unknown) | null | undefined;
type OnError = ((error: unknown) => unknown) | null | undefined;

/**
 * A promise for one consumer. `then` adds a step to this object and returns it; `resolve` and `reject` run the steps at
 * once. A request therefore has one such object in all layers, and nothing happens between its commit and its response.
 * `await` works as usual. Pitfalls: two calls of `then` are two steps one after the other, not two branches; and Node
 * does not report a rejection that no step handles.
 * perf: a promise for each of the six layers costs a suspended function, some 1 KB of memory and a microtask in each.
 */
export class Deferred<T> implements PromiseLike<T> {
  /** `adopting`: waits for the promise of a step. */
  #state: 'pending' | 'adopting' | 'fulfilled' | 'rejected' = 'pending';
  #outcome: unknown;
  #steps: (OnValue | OnError)[] | undefined;

  resolve(value: T): void {
    if (this.#state === 'pending') this.#settle('fulfilled', value);
  }

  reject(error: unknown): void {
    if (this.#state === 'pending') this.#settle('rejected', error);
  }

  then<U = T, V = never>(
    onValue?: ((value: T) => Awaitable<U>) | null,
    onError?: ((error: unknown) => Awaitable<V>) | null,
  ): Deferred<U | V> {
    (this.#steps ??= []).push(onValue as OnValue, onError);
    if (this.#state === 'fulfilled' || this.#state === 'rejected') this.#run();
    return this as unknown as Deferred<U | V>;
  }

  #settle(state: 'fulfilled' | 'rejected', outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    if (this.#steps !== undefined) this.#run();
  }

  #run(): void {
    const steps = this.#steps ?? [];
    this.#steps = undefined;
    for (let at = 0; at < steps.length; at += 2) {
      const step = this.#state === 'fulfilled' ? steps[at] : steps[at + 1];
      if (typeof step !== 'function') continue;
      const outcome = this.#perform(step);
      if (!isPromise(outcome)) continue;
      this.#state = 'adopting';
      this.#steps = steps.slice(at + 2);
      outcome.then(this.#settle.bind(this, 'fulfilled'), this.#settle.bind(this, 'rejected'));
      return;
    }
  }

  #perform(step: (outcome: unknown) => unknown): unknown {
    try {
      this.#outcome = step(this.#outcome);
      this.#state = 'fulfilled';
    } catch (error) {
      this.#outcome = error;
      this.#state = 'rejected';
      return undefined;
    }
    return this.#outcome;
  }
}
