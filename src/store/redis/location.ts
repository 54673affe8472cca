import { StoreError } from '../store-error.ts';

export interface Host {
  readonly host: string;
  readonly port: number;
}

/** Where a Redis is, parsed from `STORE_URL`. */
export interface RedisLocation {
  /** A server and its possible successors, nodes of a cluster, or Sentinels. */
  readonly hosts: readonly Host[];
  /** Set when the hosts are Sentinels: the name of the primary that they monitor. */
  readonly sentinelName: string | undefined;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Always 0 in a cluster. */
  readonly database: number;
  /** Prefix of all keys and channels, so that several services can share a Redis. */
  readonly prefix: string;
  /** Number of replicas that must have a join or a message before the server answers 201. */
  readonly replicas: number;
}

const FORM =
  /^(?<scheme>rediss?)(?<sentinel>\+sentinel)?:\/\/(?:(?<username>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^/?#@]+)(?:\/(?<path>[^?#@]*))?(?:\?(?<options>[^#]*))?$/;
const HOST = /^(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?<port>\d{1,5}))?$/;
const DATABASE = /^\d{0,4}$/;
const SENTINEL_PATH = /^(?<name>[A-Za-z0-9._-]+)(?:\/(?<database>\d{0,4}))?$/;
const DEFAULT_PORT = 6_379;
const DEFAULT_SENTINEL_PORT = 26_379;
const PREFIX = /^[A-Za-z0-9_.-]{1,64}$/;

const URL_FORM =
  'redis[s]://[USER:PASSWORD@]HOST[:PORT][,HOST...][/DATABASE][?prefix=NAME&replicas=COUNT], ' +
  'or redis[s]+sentinel://[USER:PASSWORD@]SENTINEL[:PORT][,SENTINEL...]/NAME[/DATABASE] with the same options';

/** @throws StoreError whose message contains no password */
export function readLocation(url: string): RedisLocation {
  const { scheme, sentinel, username, password, hosts, path = '', options } = FORM.exec(url)?.groups ?? {};
  if (hosts === undefined) throw invalid('it does not have that form');
  const isSentinel = sentinel !== undefined;
  const defaultPort = isSentinel ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  return {
    ...(isSentinel ? readSentinelPath(path) : { sentinelName: undefined, database: readDatabase(path) }),
    ...readOptions(new URLSearchParams(options)),
    hosts: hosts.split(',').map((text) => readHost(text, defaultPort)),
    tls: scheme === 'rediss',
    username: decoded(username),
    password: decoded(password),
  };
}

function readDatabase(path: string): number {
  if (!DATABASE.test(path)) throw invalid('behind the hosts comes the number of a database');
  return Number(path);
}

function readSentinelPath(path: string): Pick<RedisLocation, 'sentinelName' | 'database'> {
  const { name, database } = SENTINEL_PATH.exec(path)?.groups ?? {};
  if (name === undefined) throw invalid('behind the Sentinels comes the name of the primary, as in /mymaster');
  return { sentinelName: name, database: Number(database ?? 0) };
}

function readHost(text: string, defaultPort: number): Host {
  const { host, port } = HOST.exec(text)?.groups ?? {};
  if (host === undefined) throw invalid(`"${text}" is not a host`);
  const number = Number(port ?? defaultPort);
  if (number < 1 || number > 65_535) throw invalid(`the port of "${text}" is not from 1 to 65535`);
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function readOptions(options: URLSearchParams): Pick<RedisLocation, 'prefix' | 'replicas'> {
  for (const name of options.keys()) {
    if (name !== 'prefix' && name !== 'replicas') throw invalid(`it has no option "${name}"`);
  }
  const prefix = options.get('prefix') ?? 'holdline';
  const replicas = options.get('replicas') ?? '0';
  if (!PREFIX.test(prefix)) throw invalid('prefix is 1 to 64 of A-Z a-z 0-9 _ . -');
  if (!/^\d$/.test(replicas)) throw invalid('replicas is a number from 0 to 9');
  return { prefix, replicas: Number(replicas) };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === '' ? undefined : decodeURIComponent(text);
  } catch {
    throw invalid('user and password are percent-encoded');
  }
}

const invalid = (why: string): StoreError => new StoreError(`STORE_URL is ${URL_FORM}; ${why}`);
