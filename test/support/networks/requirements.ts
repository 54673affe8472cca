import { spawnSync } from 'node:child_process';

const COMMANDS = [
  'chromium',
  'haproxy',
  'ip',
  'iptables',
  'nginx',
  'nsenter',
  'openssl',
  'setpriv',
  'squid',
  'turnserver',
];

/** Missing requirements for network namespaces on this machine; undefined if there are none. */
export function whatIsMissing(): string | undefined {
  const absent = COMMANDS.filter((command) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0);
  if (absent.length > 0) return `${absent.join(', ')} not installed (.ci/install-system does)`;
  return spawnSync('unshare', ['--net', 'true']).status === 0 ? undefined : 'network namespaces need root';
}
