import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDatabase, temporaryDirectory } from '../server-process.ts';
import type { Certificate } from './certificate.ts';
import type { Daemon } from './daemon.ts';
import type { Endpoint, Namespace } from './namespace.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

function fileOf(name: string, text: string): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, text);
  return path;
}

const textOf = ({ host, port }: Endpoint): string => `${host}:${port}`;

/** The service as a separate process, on every address of the machine. */
export async function startHoldline(machine: Namespace, port: number, env: Record<string, string>): Promise<Daemon> {
  const settings = { HOST: '0.0.0.0', PORT: String(port), STORE_URL: temporaryDatabase(), ...env };
  const daemon = machine.start([process.execPath, `${root}src/main.ts`], settings);
  await daemon.untilPrinted(/listening on/);
  return daemon;
}

/** The ports of a squid, by what happens to a WebSocket's handshake on them. */
interface SquidPorts {
  /** As Debian configures it: no protocol is upgraded (`http_upgrade_request_protocols`). */
  readonly squid: Endpoint;
  /** Refuses the request. */
  readonly refusingSquid: Endpoint;
  /** Would upgrade, but a rule for headers removes `Upgrade`. */
  readonly strippingSquid: Endpoint;
  /** Upgrades. */
  readonly upgradingSquid: Endpoint;
  /** Takes connections that the gateway redirects to it, whatever their address; like `squid` otherwise. */
  readonly interceptingSquid: Endpoint;
}

/**
 * A forward proxy with the rules of Debian's squid.conf: CONNECT to port 443 only. Beyond what its ports do, the rest
 * of the file only keeps squid within its own directory.
 */
export async function startSquid(machine: Namespace, at: SquidPorts): Promise<Daemon> {
  const directory = temporaryDirectory();
  const path = join(directory, 'squid.conf');
  writeFileSync(
    path,
    `http_port ${textOf(at.squid)}
http_port ${textOf(at.refusingSquid)} name=refusing
http_port ${textOf(at.strippingSquid)} name=stripping
http_port ${textOf(at.upgradingSquid)} name=upgrading
http_port ${at.interceptingSquid.port} intercept
acl WebSocket req_header Upgrade -i websocket
acl refusing myportname refusing
acl stripping myportname stripping
acl upgrading myportname upgrading stripping
http_access deny refusing WebSocket
http_upgrade_request_protocols websocket allow upgrading
request_header_access Upgrade deny stripping
acl SSL_ports port 443
acl Safe_ports port 80 443 1025-65535
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
http_access allow all
memory_cache_shared off
pinger_enable off
dns_nameservers 127.0.0.1
pid_filename none
access_log none
cache_log ${directory}/cache.log
coredump_dir ${directory}
`,
  );
  execFileSync('chown', ['-R', 'proxy', directory]);
  // A program that changes its user itself would outlive a killed test.
  const asProxy = ['setpriv', '--reuid=proxy', '--regid=proxy', '--clear-groups', '--pdeathsig=KILL'];
  // squid leaves shared memory segments behind, which another squid of the same name would use.
  const withOwnMemory = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev/shm && exec "$@"', 'sh'];
  const daemon = machine.start([...withOwnMemory, ...asProxy, 'squid', '-N', '-n', 'holdline', '-f', path]);
  await machine.reaches(at.squid, daemon);
  return daemon;
}

interface NginxSite {
  readonly at: Endpoint;
  /** Target of `proxy_pass`. Several endpoints form an `upstream`. */
  readonly to: readonly Endpoint[];
  /** Further directives; without any, nginx keeps its defaults. */
  readonly directives?: string;
  /** How long nginx considers an upstream dead after a timeout (`fail_timeout`): 10 s by default. */
  readonly failSeconds?: number;
}

interface HaproxySite {
  readonly at: Endpoint;
  readonly to: Endpoint;
}

/** nginx with only its addresses and its certificate configured. */
export async function startNginx(machine: Namespace, tls: Certificate, sites: readonly NginxSite[]): Promise<Daemon> {
  const servers = sites.map(({ at, to, directives = '', failSeconds = 10 }, index) => {
    const addresses = to.map((one) => `server ${textOf(one)} fail_timeout=${failSeconds}s;`);
    const upstream = `upstream holdline${index} { ${addresses.join(' ')} }`;
    return `${upstream}
server {
  listen ${textOf(at)} ssl;
  ssl_certificate ${tls.certificatePath};
  ssl_certificate_key ${tls.keyPath};
  ${directives}
  location / { proxy_pass http://holdline${index}; }
}`;
  });
  const head = `daemon off; master_process off; pid ${temporaryDirectory()}/nginx.pid; error_log stderr notice;`;
  const text = `${head}\nevents {}\nhttp {\naccess_log off;\n${servers.join('\n')}\n}\n`;
  const daemon = machine.start(['nginx', '-c', fileOf('nginx.conf', text)]);
  // nginx prints this once all its sockets listen.
  await daemon.untilPrinted(/using the "\w+" event method/);
  return daemon;
}

/** haproxy with the `defaults` of the packaged haproxy.cfg, including its timeouts. */
export async function startHaproxy(
  machine: Namespace,
  tls: Certificate,
  sites: readonly HaproxySite[],
): Promise<Daemon> {
  const packaged = readFileSync('/etc/haproxy/haproxy.cfg', 'utf8');
  const defaults = packaged.slice(packaged.search(/^defaults/m));
  const proxies = sites.map(
    ({ at, to }, index) =>
      `listen site${index}\n  bind ${textOf(at)} ssl crt ${tls.bothPath}\n  server one ${textOf(to)}\n`,
  );
  const path = fileOf('haproxy.cfg', `${defaults}\n${proxies.join('')}`);
  const daemon = machine.start(['haproxy', '-db', '-f', path]);
  for (const { at } of sites) await machine.reaches(at, daemon);
  return daemon;
}

/** TURN with and without TLS on one port, and UDP on 3478; accepts credentials that Holdline issues. */
export async function startCoturn(machine: Namespace, tls: Certificate, at: Endpoint, secret: string): Promise<Daemon> {
  const directory = temporaryDirectory();
  const settings = {
    'listening-ip': at.host,
    'relay-ip': at.host,
    'listening-port': 3478,
    'tls-listening-port': at.port,
    'static-auth-secret': secret,
    realm: 'holdline.test',
    cert: tls.certificatePath,
    pkey: tls.keyPath,
    userdb: `${directory}/turndb`,
    pidfile: `${directory}/turnserver.pid`,
    'log-file': 'stdout',
  };
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const daemon = machine.start(['turnserver', '-n', '--use-auth-secret', '--no-cli', ...flags]);
  await machine.reaches(at, daemon);
  return daemon;
}
