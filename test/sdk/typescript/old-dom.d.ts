/** A name of old DOM types that this generator still uses. */
type GlobalFetch = WindowOrWorkerGlobalScope;
