type Listener = (event: unknown) => void;

/** What dispatches events: pages, signals and peer connections of every age. */
export interface Target {
  addEventListener?(name: string, listener: Listener): void;
  removeEventListener?(name: string, listener: Listener): void;
}

/** Listens, where there is something to listen to. @returns a function that ends it */
export function listen(target: Target | undefined, name: string, listener: Listener): () => void {
  // React Native has a `window` without events.
  target?.addEventListener?.(name, listener);
  return () => target?.removeEventListener?.(name, listener);
}
