import { iceServers, turnUrls } from '../ice.ts';
import { longSecret, oneOf, origins, trustedProxies, webAddress, wholeNumber, word, words } from '../kinds.ts';
import type { Table } from '../row.ts';

const DAY_SECONDS = 86_400;
const edge = 'Browsers, proxies and limits';
const access = 'Access';
const relays = 'ICE and TURN';

export const edgeRows = {
  corsOrigins: {
    name: 'CORS_ORIGINS',
    group: edge,
    built: true,
    default: '*',
    kind: origins,
    about: 'Web pages that may call the API. There are no cookies.',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    group: edge,
    built: true,
    default: 'false',
    kind: trustedProxies,
    about: "Whose `X-Forwarded-For` is believed; Express's values.",
  },
  rateLimit: {
    name: 'RATE_LIMIT',
    group: edge,
    built: true,
    default: 'on',
    kind: oneOf('on', 'off'),
    about: '`off` lifts the pacing of polls.',
  },
  rateLimitJoinsPerMinute: {
    name: 'RATE_LIMIT_JOINS_PER_MINUTE',
    group: edge,
    built: false,
    default: '120',
    kind: wholeNumber(1, 1_000_000),
    about: 'Joins and failed authentications of one address, or joins of one subject.',
  },
  rateLimitMessagesPerSecond: {
    name: 'RATE_LIMIT_MESSAGES_PER_SECOND',
    group: edge,
    built: false,
    default: '50',
    kind: wholeNumber(1, 100_000),
    about: 'Messages of one participant; a burst may have 4 times that.',
  },
  accessTokenSecret: {
    name: 'ACCESS_TOKEN_SECRET',
    group: access,
    built: false,
    secret: true,
    kind: longSecret(32),
    about: 'Key of HS256 access tokens.',
  },
  accessTokenJwksUrl: {
    name: 'ACCESS_TOKEN_JWKS_URL',
    group: access,
    built: false,
    kind: webAddress,
    about: "Where the keys of access tokens are published, instead of a secret's.",
  },
  accessTokenAudience: {
    name: 'ACCESS_TOKEN_AUDIENCE',
    group: access,
    built: false,
    kind: word,
    about: 'The `aud` that access tokens must have.',
  },
  apiKeys: {
    name: 'API_KEYS',
    group: access,
    built: false,
    secret: true,
    kind: words('keys'),
    about: 'Keys of trusted servers.',
  },
  iceServers: {
    name: 'ICE_SERVERS',
    group: relays,
    built: true,
    hidden: true,
    default: '[]',
    kind: iceServers,
    about: 'Handed to every participant. No public STUN server is assumed.',
  },
  turnUrls: {
    name: 'TURN_URLS',
    group: relays,
    built: false,
    kind: turnUrls,
    about: 'TURN servers for which credentials are minted.',
  },
  turnSecret: {
    name: 'TURN_SECRET',
    group: relays,
    built: false,
    secret: true,
    kind: words('secrets', 2),
    about: "coturn's `static-auth-secret`; the first of two signs.",
  },
  turnTtlSeconds: {
    name: 'TURN_TTL_SECONDS',
    group: relays,
    built: false,
    default: '3600',
    kind: wholeNumber(60, DAY_SECONDS),
    about: 'Lifetime of TURN credentials.',
  },
  openTurn: {
    name: 'OPEN_TURN',
    group: relays,
    built: false,
    default: 'off',
    kind: oneOf('on', 'off'),
    about: 'Whether TURN credentials are handed out in open mode, to anyone.',
  },
} as const satisfies Table;
