/**
 * For test servers between a client and the service. By default Node closes connections that are idle for 5 s; on a
 * busy machine a client may send its next request before it notices.
 */
export const NO_IDLE_TIMEOUT = { keepAliveTimeout: 0 } as const;
