import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { isPort, items, type Parser } from './parsers.ts';

const HOST = String.raw`(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[(?<ipv6>[0-9A-Fa-f:.]+)\])(?::(?<port>\d+))?`;
/** RFC 7064, section 3.1. */
const STUN_URL = new RegExp(`^stuns?:${HOST}$`);
/** RFC 7065, section 3.1. */
const TURN_URL = new RegExp(String.raw`^turns?:${HOST}(?:\?transport=(?:udp|tcp))?$`);

/** Browsers throw on an invalid URL, so a single one in the list breaks every call. */
function isUrl(form: RegExp, url: string): boolean {
  const match = form.exec(url);
  const { ipv6, port } = match?.groups ?? {};
  return match !== null && (ipv6 === undefined || isIPv6(ipv6)) && (port === undefined || isPort(port));
}

const turnUrl = z.string().refine((url) => isUrl(TURN_URL, url));
const iceUrl = z.string().refine((url) => isUrl(STUN_URL, url) || isUrl(TURN_URL, url));

/** W3C WebRTC, section 4.2.4: browsers throw on a TURN URL whose user name or credential is missing or empty. */
const iceServer = z
  .strictObject({
    urls: z.union([z.array(iceUrl).min(1), iceUrl.transform((url) => [url])]),
    username: z.string().exactOptional(),
    credential: z.string().exactOptional(),
  })
  .refine(
    ({ urls, username, credential }) =>
      urls.every((url) => url.startsWith('stun')) || (Boolean(username) && Boolean(credential)),
  );

/** An `RTCIceServer` whose `urls` is always a list. */
type IceServer = z.output<typeof iceServer>;

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const iceServers: Parser<IceServer[]> = {
  schema: z.array(iceServer).max(32),
  fromText: fromJson,
  allowed:
    'a JSON array of {"urls", "username", "credential"} with stun:, stuns:, turn: or turns: URLs with ports from 1 to 65535; turn: and turns: need a user name and a credential',
};

export const turnUrls: Parser<string[]> = {
  schema: z.array(turnUrl).min(1),
  fromText: items,
  allowed: 'turn: or turns: URLs with ports from 1 to 65535, separated by commas',
};
