/** The URL of a listening server, as its log says it. */
export const origin = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Listening on all addresses. */
const EVERYWHERE = ['0.0.0.0', '::'];

export const isEverywhere = (host: string): boolean => EVERYWHERE.includes(host);

/** Where the server can be reached from this machine. */
export const reachable = (host: string, port: number): string => origin(isEverywhere(host) ? 'localhost' : host, port);
