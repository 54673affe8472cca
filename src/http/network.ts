import { isIPv4, isIPv6 } from 'node:net';
import type { Request } from 'express';

const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Some proxies add the client's port. */
const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/**
 * Who pays for what nobody proved to be: the client's address, as far as proxies are trusted (`TRUST_PROXY`). What a trusted
 * proxy passes on and is no address counts as the proxy's own.
 */
export function networkOf(req: Request): string {
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
