import { HoldlineError } from './errors.ts';

/** Events that every emitter of the client has. */
export interface ErrorEvents {
  /** Something went wrong that ends nothing: a listener threw, a message could not be applied, the server cannot be reached. */
  error: HoldlineError;
}

/** A typed emitter. A listener that throws, or whose promise rejects, disturbs nobody else: it becomes an `error` event. */
export class Emitter<Events extends ErrorEvents> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => unknown>>();

  /** Calls `listener` for each event of that name. @returns a function that ends it */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => unknown): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    void this.emitAndWait(name, event);
  }

  /** Resolves when every listener is done; never rejects. */
  protected async emitAndWait<Name extends keyof Events>(name: Name, event: Events[Name]): Promise<void> {
    const listeners = [...(this.#listeners.get(name) ?? [])] as ((event: Events[Name]) => unknown)[];
    const onError = name === 'error' ? report : this.fail;
    if (name === 'error' && !listeners.length) report(event as HoldlineError);
    await Promise.all(listeners.map((listener) => attempt(() => listener(event), onError)));
  }

  protected has(name: keyof Events): boolean {
    return Boolean(this.#listeners.get(name)?.size);
  }

  /** Calls the app, which may fail. */
  protected ask(listener: () => unknown): void {
    void attempt(listener, this.fail);
  }

  /** Something went wrong that ends nothing. */
  protected readonly fail = (error: HoldlineError): void => this.emit('error', error);
}

/** Calls the app. Never rejects. */
export async function attempt(listener: () => unknown, onError: (error: HoldlineError) => void): Promise<void> {
  try {
    await listener();
  } catch (cause) {
    onError(new HoldlineError('listener-failed', cause));
  }
}

/** Without a listener for errors, an error goes where a developer looks. */
export function report(error: HoldlineError): void {
  globalThis.console.error(error);
}
