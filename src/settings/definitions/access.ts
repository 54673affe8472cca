import { iceServers, turnUrls } from '../ice-servers.ts';
import { oneOf, origins, trustedProxies, webUrl, wholeNumber, word } from '../parsers.ts';
import type { Definitions } from '../definition.ts';
import { headerSecrets, longSecret, secretList } from '../secrets.ts';

const DAY_SECONDS = 86_400;
const requests = 'Browsers, proxies and limits';
const access = 'Access';
const relays = 'ICE and TURN';

export const accessSettings = {
  corsOrigins: {
    name: 'CORS_ORIGINS',
    group: requests,
    default: '*',
    parser: origins,
    about: 'Origins of web pages that may call the API. The API uses no cookies.',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    group: requests,
    default: 'false',
    parser: trustedProxies,
    about:
      'Proxies whose `X-Forwarded-For` is trusted (Express syntax). Prefer the number of proxies; `true` also trusts clients.',
  },
  rateLimit: {
    name: 'RATE_LIMIT',
    group: requests,
    default: 'on',
    parser: oneOf('on', 'off'),
    about:
      '`off` lifts the rate limits, the limit of 1,000 participants per client address in open mode, and the pacing of polls; quotas stay.',
  },
  rateLimitJoinsPerMinute: {
    name: 'RATE_LIMIT_JOINS_PER_MINUTE',
    group: requests,
    default: '300',
    parser: wholeNumber(1, 1_000_000),
    about:
      'Joins per minute and client address (IPv6: /64) in open mode, or per access token subject; API keys are exempt. Failed authentications per client address have a separate limit of the same size.',
  },
  rateLimitMessagesPerSecond: {
    name: 'RATE_LIMIT_MESSAGES_PER_SECOND',
    group: requests,
    default: '50',
    parser: wholeNumber(1, 100_000),
    about: 'Messages per participant and second; a burst may have 4 times as many.',
  },
  accessTokenSecret: {
    name: 'ACCESS_TOKEN_SECRET',
    group: access,
    secret: true,
    parser: longSecret(32),
    about: 'Joining requires an access token (a JWT, HS256) that your backend signs with this secret.',
  },
  accessTokenJwksUrl: {
    name: 'ACCESS_TOKEN_JWKS_URL',
    group: access,
    parser: webUrl,
    about:
      'Joining requires an access token that is signed with a private key; this is the URL of the public keys (JWKS).',
  },
  accessTokenAudience: {
    name: 'ACCESS_TOKEN_AUDIENCE',
    group: access,
    parser: word,
    about: 'The required `aud` of access tokens.',
  },
  apiKeys: {
    name: 'API_KEYS',
    group: access,
    secret: true,
    parser: headerSecrets('keys'),
    about:
      'Keys of trusted servers, which may join on behalf of others, remove participants, and list and close rooms. Without access tokens, joining requires one of them.',
  },
  iceServers: {
    name: 'ICE_SERVERS',
    group: relays,
    redacted: true,
    default: '[]',
    parser: iceServers,
    about: 'ICE servers for every participant. There is no default STUN server.',
  },
  turnUrls: {
    name: 'TURN_URLS',
    group: relays,
    parser: turnUrls,
    about: 'TURN servers for which the server mints time-limited credentials, in addition to `ICE_SERVERS`.',
  },
  turnSecret: {
    name: 'TURN_SECRET',
    group: relays,
    secret: true,
    parser: secretList(2),
    about:
      "coturn's `static-auth-secret`. Of two, the first one signs: put the new one first, and keep both in coturn for `TURN_TTL_SECONDS`.",
  },
  turnTtlSeconds: {
    name: 'TURN_TTL_SECONDS',
    group: relays,
    default: '3600',
    parser: wholeNumber(60, DAY_SECONDS),
    about: 'Lifetime of TURN credentials; during longer calls the client requests new ones.',
  },
  openTurn: {
    name: 'OPEN_TURN',
    group: relays,
    default: 'off',
    parser: oneOf('on', 'off'),
    about: 'Whether participants get TURN credentials in open mode.',
  },
} as const satisfies Definitions;
