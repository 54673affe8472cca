import { isIPv4, isIPv6 } from 'node:net';
import type { Request } from 'express';

const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Some proxies add the client's port. */
const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

export type ClientAddressOf = (req: Request) => string;

const UNTRUSTED_PROXY =
  'a request came through a proxy (it has X-Forwarded-For or Forwarded), but TRUST_PROXY is not set: all clients of that proxy ' +
  'count as one address and share its limits. Set TRUST_PROXY to the number of your proxies, which must send X-Forwarded-For';

/** `networkOf`, with one warning when requests come through a proxy while `TRUST_PROXY` is not set. */
export function clientAddresses(
  trustProxy: boolean | number | readonly string[],
  log: { warn(text: string): void },
): ClientAddressOf {
  let isQuiet = trustProxy !== false;
  return (req) => {
    if (!isQuiet && ('x-forwarded-for' in req.headers || 'forwarded' in req.headers)) {
      isQuiet = true;
      log.warn(UNTRUSTED_PROXY);
    }
    return networkOf(req);
  };
}

/**
 * Who pays for what nobody proved to be: the client's address, as far as proxies are trusted (`TRUST_PROXY`). What a trusted
 * proxy passes on and is no address counts as the proxy's own.
 */
function networkOf(req: Request): string {
  return subscriberOf(req.ip ?? '') ?? subscriberOf(req.socket.remoteAddress ?? '') ?? 'unknown';
}

/**
 * What one subscriber gets: an IPv4 address, or the /64 of an IPv6 address, within which a single device picks addresses at will.
 * @returns `undefined` for text that is no address
 */
export function subscriberOf(text: string): string | undefined {
  const [, bracketed, plain] = WITH_PORT.exec(text) ?? [];
  const address = (bracketed ?? plain ?? text).replace(/%.*$/, '');
  const mapped = IPV4_MAPPED.exec(address)?.[1] ?? address;
  if (isIPv4(mapped)) return mapped;
  return isIPv6(address) ? `${firstGroups(address)}::/64` : undefined;
}

/** The first four groups, without leading zeros, so that every spelling of a network is one. */
function firstGroups(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail === undefined) return normal(groups);
  // Embedded IPv4 takes the place of two groups.
  const behind = tail === '' ? [] : tail.split(':');
  const width = behind.length + (tail.includes('.') ? 1 : 0);
  const zeros = Array<string>(8 - groups.length - width).fill('0');
  return normal([...groups, ...zeros, ...behind]);
}

const normal = (groups: readonly string[]): string =>
  groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
