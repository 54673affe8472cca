import { z } from 'zod';
import type { Kind } from './kinds.ts';

const HOST = String.raw`([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?`;
/** RFC 7064, section 3.1. */
const STUN_URL = new RegExp(`^stuns?:${HOST}$`);
/** RFC 7065, section 3.1. */
const TURN_URL = new RegExp(String.raw`^turns?:${HOST}(\?transport=(udp|tcp))?$`);

const iceUrl = z.string().refine((url) => STUN_URL.test(url) || TURN_URL.test(url));

/** W3C WebRTC, section 4.2.4: a browser throws on a TURN URL without credentials, so such a list would break every call. */
const iceServer = z
  .strictObject({
    urls: z.union([z.array(iceUrl).min(1), iceUrl.transform((url) => [url])]),
    username: z.string().exactOptional(),
    credential: z.string().exactOptional(),
  })
  .refine(
    ({ urls, username, credential }) =>
      urls.every((url) => url.startsWith('stun')) || (username !== undefined && credential !== undefined),
  );

/** An `RTCIceServer` whose `urls` is always a list. */
type IceServer = z.output<typeof iceServer>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const iceServers: Kind<IceServer[]> = {
  value: z.array(iceServer).max(32),
  fromText: parsed,
  allowed:
    'a JSON array of {"urls", "username", "credential"} with stun:, stuns:, turn: or turns: URLs; the latter two need a credential',
};

export const turnUrls: Kind<string[]> = {
  value: z.array(z.string().regex(TURN_URL)).min(1),
  fromText: (text) => text.split(',').map((url) => url.trim()),
  allowed: 'turn: or turns: URLs, separated by commas',
};
