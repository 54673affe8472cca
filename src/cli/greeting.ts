import { resolve } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import { ACCESS_SETTING_NAMES } from '../settings/cross-checks.ts';
import type { Addresses } from '../service.ts';
import { VERSION } from '../version.ts';

/** Hosts that stand for all addresses of the machine. */
const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** URL of a listening server, as logged. */
export const origin = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** URL at which this machine reaches the server. */
export const reachable = (host: string, port: number): string => origin(isWildcard(host) ? 'localhost' : host, port);

/** The start message for a terminal: version, URLs, location of the data and access mode. */
export function greeting(settings: Settings, { host, port, adminPort }: Addresses): string {
  const own = reachable(host, port);
  const rows = [
    ['Server', isWildcard(host) ? `${own}  (all addresses of this machine)` : own],
    ...(settings.demo === 'on' ? [['Demo', `${own}/demo  (a call: open it in two tabs)`]] : []),
    ['API', `${own}/docs`],
    ...(adminPort === undefined ? [] : [['Admin', `${reachable(host, adminPort)}/metrics`]]),
    ['Data', dataOf(settings)],
    ...accessOf(settings),
  ];
  const lines = rows.map(([name = '', text = '']) => `  ${name.padEnd(8)}${text}`);
  return ['', `  Holdline ${VERSION} is running; Ctrl+C stops it.`, '', ...lines, '', ''].join('\n');
}

function dataOf({ store }: Settings): string {
  if (store.kind === 'redis') return store.url.replace(/\/\/.*@/, '//');
  return store.path === ':memory:' ? 'in memory; lost when the process ends' : resolve(store.path);
}

function accessOf({ openMode }: Settings): string[][] {
  if (!openMode) return [['Access', 'joining needs an access token or an API key']];
  return [
    ['Access', "open mode: anyone who knows a room's name may join it, so names must be hard to guess"],
    ['', `to close it, set ${ACCESS_SETTING_NAMES}`],
  ];
}
