import { HoldlineError } from './errors.ts';

/** Events that every emitter of the client has. */
export interface ErrorEvents {
  /** A failure that ends nothing: a listener threw, a message could not be applied, the server cannot be reached. */
  error: HoldlineError;
}

/**
 * A typed emitter. A listener that throws or rejects does not affect other listeners: the failure becomes an `error`
 * event.
 */
export class Emitter<Events extends ErrorEvents> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => unknown>>();

  /** Calls `listener` for each event of that name. @returns a function that removes the listener */
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
    // `on` stores under each name only listeners for its events.
    const listeners = [...(this.#listeners.get(name) ?? [])] as ((event: Events[Name]) => unknown)[];
    const onError = name === 'error' ? logError : this.fail;
    if (name === 'error' && !listeners.length) logError(event as HoldlineError);
    await Promise.all(listeners.map((listener) => callApp(() => listener(event), onError)));
  }

  protected has(name: keyof Events): boolean {
    return Boolean(this.#listeners.get(name)?.size);
  }

  /** Calls a function of the app. An error that it throws becomes an `error` event. */
  protected ask(listener: () => unknown): void {
    void callApp(listener, this.fail);
  }

  /** Emits an `error`. */
  protected readonly fail = (error: HoldlineError): void => this.emit('error', error);
}

/** Calls a function of the app. Never rejects. */
export async function callApp(listener: () => unknown, onError: (error: HoldlineError) => void): Promise<void> {
  try {
    await listener();
  } catch (cause) {
    onError(new HoldlineError('listener-failed', cause));
  }
}

/** Without a listener for `error`, errors go to the console. */
export function logError(error: HoldlineError): void {
  globalThis.console.error(error);
}

type Listener = (event: unknown) => void;

/** An object, because Node does not remove a listener that was added with `true`. */
const CAPTURE = { capture: true };

/** Objects that dispatch events: pages, signals and peer connections of every age. */
export interface Target {
  addEventListener?(name: string, listener: Listener, options: typeof CAPTURE): void;
  removeEventListener?(name: string, listener: Listener, options: typeof CAPTURE): void;
}

/** Adds a listener, where the target dispatches events at all. @returns a function that removes the listener */
export function listen(target: Target | undefined, name: string, listener: Listener): () => void {
  // React Native has a `window` without events. With capture, the client handles `pagehide` before the app's listeners
  // send their last messages.
  target?.addEventListener?.(name, listener, CAPTURE);
  return () => target?.removeEventListener?.(name, listener, CAPTURE);
}
