import { StoreError } from '../store-error.ts';

/** Where a Redis is, as `STORE_URL` says. */
export interface RedisLocation {
  /** One server, or some nodes of a cluster: the others are found through them. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** A cluster has only 0. */
  readonly database: number;
  /** Before all keys and channels: several services can share one Redis. */
  readonly prefix: string;
  /** How many replicas must have a join or a message before it is answered with 201. */
  readonly replicas: number;
}

const FORM =
  /^(?<scheme>rediss?):\/\/(?:(?<username>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^/?#@]+)(?:\/(?<database>\d{1,4})?)?(?:\?(?<options>[^#]*))?$/;
const HOST = /^(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?<port>\d{1,5}))?$/;
const DEFAULT_PORT = 6_379;
const PREFIX = /^[A-Za-z0-9_.-]{1,64}$/;

const REDIS_URL_FORM = 'redis[s]://[USER:PASSWORD@]HOST[:PORT][,HOST...][/DATABASE][?prefix=NAME&replicas=COUNT]';

/** @throws StoreError that shows no password */
export function readLocation(url: string): RedisLocation {
  const { scheme, username, password, hosts, database, options } = FORM.exec(url)?.groups ?? {};
  if (hosts === undefined) throw bad('it is not of that form');
  const { prefix, replicas } = readOptions(new URLSearchParams(options));
  return {
    hosts: hosts.split(',').map(readHost),
    tls: scheme === 'rediss',
    username: decoded(username),
    password: decoded(password),
    database: Number(database ?? 0),
    prefix,
    replicas,
  };
}

function readHost(text: string): RedisLocation['hosts'][number] {
  const { host, port } = HOST.exec(text)?.groups ?? {};
  if (host === undefined) throw bad(`"${text}" is no host`);
  const number = Number(port ?? DEFAULT_PORT);
  if (number < 1 || number > 65_535) throw bad(`the port of "${text}" is not from 1 to 65535`);
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function readOptions(options: URLSearchParams): Pick<RedisLocation, 'prefix' | 'replicas'> {
  for (const name of options.keys()) {
    if (name !== 'prefix' && name !== 'replicas') throw bad(`it has no option "${name}"`);
  }
  const prefix = options.get('prefix') ?? 'holdline';
  const replicas = options.get('replicas') ?? '0';
  if (!PREFIX.test(prefix)) throw bad('prefix is 1 to 64 of A-Z a-z 0-9 _ . -');
  if (!/^\d$/.test(replicas)) throw bad('replicas is a number from 0 to 9');
  return { prefix, replicas: Number(replicas) };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === '' ? undefined : decodeURIComponent(text);
  } catch {
    throw bad('user and password are percent-encoded');
  }
}

const bad = (why: string): StoreError => new StoreError(`STORE_URL is ${REDIS_URL_FORM}; ${why}`);
