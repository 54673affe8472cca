/**
 * For servers of tests that stand between a client and the service. Node closes a connection that was idle for 5 s, and a client that
 * a busy machine keeps from noticing sends its next request into the reset.
 */
export const KEPT_OPEN = { keepAliveTimeout: 0 } as const;
