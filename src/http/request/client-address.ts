import { isIP } from 'node:net';
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';

/** Some proxies add the client's port. */
const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/;

/** Returns the rate-limit key of an unauthenticated client: its address, as far as proxies are trusted. */
export type ClientAddressOf = (req: Request) => string;

const UNTRUSTED_PROXY =
  'a request came through a proxy (it has X-Forwarded-For or Forwarded), but TRUST_PROXY is not set: all clients of that proxy ' +
  'count as one address and share its limits. Set TRUST_PROXY to the number of your proxies, which must send X-Forwarded-For';

/** Warns once when requests come through a proxy while `TRUST_PROXY` is not set. */
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
    return clientAddressOf(req);
  };
}

/** @returns `unknown` when not even the connection has an address */
function clientAddressOf(req: Request): string {
  // A trusted proxy may pass on text that is no address. The request then counts as the proxy's own.
  return subscriberOf(req.ip ?? '') ?? subscriberOf(req.socket.remoteAddress ?? '') ?? 'unknown';
}

/**
 * Reduces an address to that of a subscriber: an IPv4 address, or the /64 of an IPv6 address, within which a device
 * chooses addresses at will.
 * @returns `undefined` for text that is not an address
 */
export function subscriberOf(text: string): string | undefined {
  const [, bracketed, plain] = WITH_PORT.exec(text) ?? [];
  const address = (bracketed ?? plain ?? text).replace(/%.*$/, '');
  // ipaddr.js alone accepts `10.1` as an IPv4 address, and cannot read an IPv4 address at the end of eight full groups.
  const version = isIP(address);
  if (version === 0) return undefined;
  const parsed = ipaddr.process(version === 4 ? address : new URL(`http://[${address}]`).hostname.slice(1, -1));
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const prefix = parsed.toNormalizedString().split(':').slice(0, 4);
  return `${prefix.join(':')}::/64`;
}
