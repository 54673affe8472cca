/**
 * For test servers between a client and the service. Node closes connections that were idle for 5 s, and on a busy machine a
 * client may not notice in time and send its next request into the reset.
 */
export const KEPT_OPEN = { keepAliveTimeout: 0 } as const;
