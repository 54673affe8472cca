type Listener = (event: unknown) => void;

/** What dispatches events: pages, signals and peer connections of every age. */
export interface Target {
  addEventListener?(name: string, listener: Listener, useCapture: boolean): void;
  removeEventListener?(name: string, listener: Listener, useCapture: boolean): void;
}

/** Listens, where there is something to listen to. @returns a function that ends it */
export function listen(target: Target | undefined, name: string, listener: Listener): () => void {
  // React Native has a `window` without events. With capture, `pagehide` is heard before the listeners of the app send their last.
  target?.addEventListener?.(name, listener, true);
  return () => target?.removeEventListener?.(name, listener, true);
}
