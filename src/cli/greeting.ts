import { resolve } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import { CLOSING_NAMES } from '../settings/cross-checks.ts';
import type { Addresses } from '../service.ts';
import { VERSION } from '../version.ts';
import { isEverywhere, reachable } from './addresses.ts';

/** Start message for a terminal: version, URLs, location of the data and access mode. */
export function greeting(settings: Settings, { host, port, adminPort }: Addresses): string {
  const own = reachable(host, port);
  const rows = [
    ['Server', isEverywhere(host) ? `${own}  (all addresses of this machine)` : own],
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
  const closing = `${CLOSING_NAMES.slice(0, -1).join(', ')} or ${CLOSING_NAMES.at(-1) ?? ''}`;
  return [
    ['Access', "open mode: anyone who knows a room's name may join it, so names must be hard to guess"],
    ['', `to close it, set ${closing}`],
  ];
}
