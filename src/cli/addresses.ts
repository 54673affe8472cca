/** URL of a listening server, as logged. */
export const origin = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Hosts that stand for all addresses of the machine. */
const EVERYWHERE = ['0.0.0.0', '::'];

export const isEverywhere = (host: string): boolean => EVERYWHERE.includes(host);

/** URL at which this machine reaches the server. */
export const reachable = (host: string, port: number): string => origin(isEverywhere(host) ? 'localhost' : host, port);
