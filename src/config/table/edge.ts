import { iceServers, turnUrls } from '../ice.ts';
import { oneOf, origins, trustedProxies, webAddress, wholeNumber, word } from '../kinds.ts';
import type { Table } from '../row.ts';
import { headerSecrets, longSecret, secrets } from '../secrets.ts';

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
    about:
      "Whose `X-Forwarded-For` tells the client's address; Express's values. Best the number of your proxies: `true` believes clients too.",
  },
  rateLimit: {
    name: 'RATE_LIMIT',
    group: edge,
    built: true,
    default: 'on',
    kind: oneOf('on', 'off'),
    about:
      '`off` lifts the limits below, the 1,000 participants of one client address in open mode, and the pacing of polls; quotas stay.',
  },
  rateLimitJoinsPerMinute: {
    name: 'RATE_LIMIT_JOINS_PER_MINUTE',
    group: edge,
    built: true,
    default: '300',
    kind: wholeNumber(1, 1_000_000),
    about:
      'Open joins of one client address (IPv6: /64), or joins of one access token subject; API keys are free. Failed authentications of one address are counted apart, up to the same.',
  },
  rateLimitMessagesPerSecond: {
    name: 'RATE_LIMIT_MESSAGES_PER_SECOND',
    group: edge,
    built: true,
    default: '50',
    kind: wholeNumber(1, 100_000),
    about: 'Messages of one participant; a burst may have 4 times that.',
  },
  accessTokenSecret: {
    name: 'ACCESS_TOKEN_SECRET',
    group: access,
    built: true,
    secret: true,
    kind: longSecret(32),
    about: 'Joining needs an access token (a JWT) that your backend signed with this, by HS256.',
  },
  accessTokenJwksUrl: {
    name: 'ACCESS_TOKEN_JWKS_URL',
    group: access,
    built: true,
    kind: webAddress,
    about: 'The same for tokens signed with a private key: where the public keys are.',
  },
  accessTokenAudience: {
    name: 'ACCESS_TOKEN_AUDIENCE',
    group: access,
    built: true,
    kind: word,
    about: 'The `aud` that access tokens must have.',
  },
  apiKeys: {
    name: 'API_KEYS',
    group: access,
    built: true,
    secret: true,
    kind: headerSecrets('keys'),
    about:
      'Keys of trusted servers, which may join on behalf of others, remove participants, list and close rooms. Alone, they close joining to keys.',
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
    built: true,
    kind: turnUrls,
    about: 'TURN servers for which time-limited credentials are made, beside `ICE_SERVERS`.',
  },
  turnSecret: {
    name: 'TURN_SECRET',
    group: relays,
    built: true,
    secret: true,
    kind: secrets(2),
    about:
      "coturn's `static-auth-secret`. Of two, the first signs: put the new one first, and keep both in coturn for a lifetime.",
  },
  turnTtlSeconds: {
    name: 'TURN_TTL_SECONDS',
    group: relays,
    built: true,
    default: '3600',
    kind: wholeNumber(60, DAY_SECONDS),
    about: 'Lifetime of TURN credentials; a call that runs longer asks for new ones.',
  },
  openTurn: {
    name: 'OPEN_TURN',
    group: relays,
    built: true,
    default: 'off',
    kind: oneOf('on', 'off'),
    about: 'Whether TURN credentials are handed out in open mode, to anyone.',
  },
} as const satisfies Table;
