import { describe, expect, test } from '@jest/globals';
import { loadSettings } from '../../src/cli/flags.ts';
import { definitions } from '../../src/settings/definitions/index.ts';
import { defaultSettings, readSettings, SettingError, type Settings } from '../../src/settings/settings.ts';
import { settingWarnings } from '../../src/settings/warnings.ts';

/** 32 bytes. */
const SECRET = 'q1jS0aZ7Vn0wQf3k2m9LxUeR5tYb8cHd';

type Key = keyof Omit<Settings, 'openMode'>;

interface Case {
  readonly name: string;
  readonly byDefault: unknown;
  /** Texts and their parsed values. */
  readonly good: readonly (readonly [string, unknown])[];
  readonly bad: readonly string[];
  readonly allowed: string;
  /** Has no flag, and errors do not show its value. */
  readonly secret?: true;
  /** Other settings that it requires. */
  readonly requires?: Readonly<Record<string, string>>;
}

const number = (name: string, byDefault: number, min: number, max: number): Case => ({
  name,
  byDefault,
  good: [
    [`${min}`, min],
    [`${max}`, max],
  ],
  bad: [`${min - 1}`, `${max + 1}`, '', 'abc', '1.5', '1e3', '0x10', ' 7', '7s', '-1', 'Infinity', '9'.repeat(30)],
  allowed: `a whole number from ${min} to ${max}`,
});

const words = (name: string, byDefault: string, allowed: readonly string[]): Case => ({
  name,
  byDefault,
  good: allowed.map((word) => [word, word] as const),
  bad: ['', 'nonsense', byDefault.toUpperCase(), `${byDefault},${byDefault}`],
  allowed: `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1) ?? ''}`,
});

const cases: Record<Key, Case> = {
  host: {
    name: 'HOST',
    byDefault: '0.0.0.0',
    good: [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['signalling.example.com', 'signalling.example.com'],
    ],
    bad: ['', 'a b', 'http://example.com', 'localhost:80', '-', '--port'],
    allowed: 'an IP address or a host name',
  },
  port: number('PORT', 8080, 0, 65_535),
  keepAliveSeconds: number('KEEP_ALIVE_SECONDS', 75, 1, 3600),
  drainSeconds: number('DRAIN_SECONDS', 8, 0, 600),
  socket: words('SOCKET', 'on', ['on', 'off']),
  demo: words('DEMO', 'on', ['on', 'off']),
  adminPort: { ...number('ADMIN_PORT', 0, 0, 65_535), byDefault: undefined },
  logLevel: words('LOG_LEVEL', 'info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  logFormat: words('LOG_FORMAT', 'auto', ['auto', 'json', 'pretty']),
  store: {
    name: 'STORE_URL',
    byDefault: { kind: 'sqlite', path: './data/holdline.db' },
    good: [
      ['sqlite:./here.db', { kind: 'sqlite', path: './here.db' }],
      ['sqlite:/var/lib/holdline.db', { kind: 'sqlite', path: '/var/lib/holdline.db' }],
      ['sqlite:///var/lib/holdline.db', { kind: 'sqlite', path: '/var/lib/holdline.db' }],
      ['sqlite::memory:', { kind: 'sqlite', path: ':memory:' }],
      ['redis://127.0.0.1:6379', { kind: 'redis', url: 'redis://127.0.0.1:6379' }],
      ['rediss://u:p@a:1,b:2/0?prefix=x', { kind: 'redis', url: 'rediss://u:p@a:1,b:2/0?prefix=x' }],
    ],
    bad: [
      '',
      'sqlite:',
      'sqlite://here.db',
      'sqlite:./here.db?mode=ro',
      './here.db',
      'redis:127.0.0.1',
      'redis://',
      'postgres://a',
    ],
    allowed: 'sqlite:PATH, sqlite::memory:, redis://HOST[:PORT] or redis+sentinel://HOST[:PORT]/NAME',
  },
  sqliteSynchronous: words('SQLITE_SYNCHRONOUS', 'full', ['full', 'normal']),
  maxStoreBytes: number('MAX_STORE_BYTES', 4_294_967_296, 65_536, 1_099_511_627_776),
  // The tests of settings that bound each other, further down, cover their upper bounds.
  defaultWaitSeconds: { ...number('DEFAULT_WAIT_SECONDS', 25, 1, 300), good: [['50', 50]] },
  maxWaitSeconds: { ...number('MAX_WAIT_SECONDS', 50, 1, 300), good: [['300', 300]] },
  maxHeldPolls: number('MAX_HELD_POLLS', 50_000, 1, 1_000_000),
  maxParticipantsPerRoom: number('MAX_PARTICIPANTS_PER_ROOM', 32, 1, 1000),
  maxMessageBytes: { ...number('MAX_MESSAGE_BYTES', 65_536, 256, 1_048_576), good: [['524288', 524_288]] },
  maxMailboxMessages: number('MAX_MAILBOX_MESSAGES', 512, 1, 100_000),
  maxMailboxBytes: { ...number('MAX_MAILBOX_BYTES', 524_288, 256, 1_073_741_824), good: [['65536', 65_536]] },
  defaultTtlSeconds: { ...number('DEFAULT_TTL_SECONDS', 120, 1, 604_800), good: [['1', 1]] },
  maxTtlSeconds: { ...number('MAX_TTL_SECONDS', 300, 1, 604_800), good: [['120', 120]] },
  defaultIdleTimeoutSeconds: { ...number('DEFAULT_IDLE_TIMEOUT_SECONDS', 60, 1, 86_400), good: [['1', 1]] },
  maxIdleTimeoutSeconds: { ...number('MAX_IDLE_TIMEOUT_SECONDS', 300, 1, 86_400), good: [['60', 60]] },
  corsOrigins: {
    name: 'CORS_ORIGINS',
    byDefault: '*',
    good: [
      ['*', '*'],
      ['https://app.example.com', ['https://app.example.com']],
      ['http://localhost:3000, capacitor://localhost', ['http://localhost:3000', 'capacitor://localhost']],
    ],
    bad: [
      '',
      ',',
      'app.example.com',
      'https://app.example.com/',
      'https://a.example,*',
      'https://A.example',
      'https://a:443',
      'https://*.example.com',
      'https://app.example.com/path',
      'https://a:0',
      'https://a:99999',
      'capacitor://localhost:99999',
      '//app.example.com',
      'wss://app.example.com',
    ],
    allowed: '* alone, or whole origins such as https://app.example.com (no *, no path, no final slash)',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    byDefault: false,
    good: [
      ['true', true],
      ['false', false],
      ['2', 2],
      ['loopback, 10.0.0.0/8,fd00::/8,192.0.2.1', ['loopback', '10.0.0.0/8', 'fd00::/8', '192.0.2.1']],
    ],
    bad: ['', '0', '33', 'yes', 'proxy.example.com', '10.0.0.0/33', '10.0.0.0/0', '10.0.0.0/8/8', '10.0.0.0/'],
    allowed: 'true, false, a hop count from 1 to 32, or addresses and subnets',
  },
  rateLimit: words('RATE_LIMIT', 'on', ['on', 'off']),
  rateLimitJoinsPerMinute: number('RATE_LIMIT_JOINS_PER_MINUTE', 300, 1, 1_000_000),
  rateLimitMessagesPerSecond: number('RATE_LIMIT_MESSAGES_PER_SECOND', 50, 1, 100_000),
  accessTokenSecret: {
    name: 'ACCESS_TOKEN_SECRET',
    byDefault: undefined,
    good: [
      [SECRET, SECRET],
      ['\u00fc\u00e4'.repeat(8), '\u00fc\u00e4'.repeat(8)],
    ],
    bad: ['', 'short', SECRET.slice(1), 'x'.repeat(32), 'replace-me-replace-me-replace-me'],
    allowed: 'text of at least 32 bytes, no placeholder such as changeme',
    secret: true,
  },
  accessTokenJwksUrl: {
    name: 'ACCESS_TOKEN_JWKS_URL',
    byDefault: undefined,
    good: [
      ['https://id.example.com/jwks.json', 'https://id.example.com/jwks.json'],
      ['http://127.0.0.1:9000/keys?all', 'http://127.0.0.1:9000/keys?all'],
    ],
    bad: [
      '',
      'id.example.com/jwks.json',
      'file:///etc/passwd',
      'ftp://id.example.com',
      'https://id.example.com:0/keys',
      'https://id.example.com:99999/keys',
    ],
    allowed: 'an https:// or http:// URL',
  },
  accessTokenAudience: {
    name: 'ACCESS_TOKEN_AUDIENCE',
    byDefault: undefined,
    good: [['https://calls.example.com', 'https://calls.example.com']],
    bad: ['', 'two words'],
    allowed: 'text without spaces',
    requires: { ACCESS_TOKEN_SECRET: SECRET },
  },
  apiKeys: {
    name: 'API_KEYS',
    byDefault: undefined,
    good: [
      ['one', ['one']],
      ['one, two:2!', ['one', 'two:2!']],
    ],
    bad: ['', ',', 'one,', 'on e', 'cl\u00e9', 'one,changeme'],
    allowed: 'keys of visible ASCII characters, separated by commas, no placeholder such as changeme',
    secret: true,
  },
  iceServers: {
    name: 'ICE_SERVERS',
    byDefault: [],
    good: [
      ['[]', []],
      ['[{"urls":"stun:stun.example.com"}]', [{ urls: ['stun:stun.example.com'] }]],
      [
        '[{"urls":["turn:[::1]:3478?transport=tcp","turns:t.example"],"username":"u","credential":"c"}]',
        [{ urls: ['turn:[::1]:3478?transport=tcp', 'turns:t.example'], username: 'u', credential: 'c' }],
      ],
    ],
    bad: [
      '',
      'stun:stun.example.com',
      '{"urls":"stun:a"}',
      '["stun:a"]',
      '[{"urls":"https://a"}]',
      '[{"urls":"stun://a"}]',
      '[{"urls":[]}]',
      '[{"url":"stun:a"}]',
      '[{"urls":"stun:a","extra":1}]',
      '[{"urls":"turn:a"}]',
      '[{"urls":"turn:a","username":"u"}]',
      '[{"urls":"turn:a","username":"","credential":"c"}]',
      '[{"urls":"turn:a","username":"u","credential":""}]',
      '[{"urls":["stun:a","turn:a"],"username":"","credential":""}]',
      '[{"urls":"turn:a:0","username":"u","credential":"c"}]',
      '[{"urls":"turn:a:99999","username":"u","credential":"c"}]',
      '[{"urls":"stun:a:65536"}]',
      '[{"urls":"stun:[::1"}]',
      '[{"urls":"stun:[1::2::3]"}]',
      '[{"urls":"stun:a?transport=udp"}]',
    ],
    allowed: 'a JSON array of {"urls", "username", "credential"}',
  },
  turnUrls: {
    name: 'TURN_URLS',
    byDefault: undefined,
    good: [
      ['turn:turn.example.com', ['turn:turn.example.com']],
      [
        'turn:[2001:db8::1]:3478?transport=udp, turns:turn.example.com:443?transport=tcp',
        ['turn:[2001:db8::1]:3478?transport=udp', 'turns:turn.example.com:443?transport=tcp'],
      ],
    ],
    bad: [
      '',
      ',',
      'turn.example.com',
      'stun:stun.example.com',
      'turn:a?transport=sctp',
      'turn:a:0',
      'turn:a:99999',
      'turn:a, ',
    ],
    allowed: 'turn: or turns: URLs with ports from 1 to 65535, separated by commas',
    requires: { TURN_SECRET: 'relay', OPEN_TURN: 'on' },
  },
  turnSecret: {
    name: 'TURN_SECRET',
    byDefault: undefined,
    good: [
      ['relay', ['relay']],
      ['new,old', ['new', 'old']],
    ],
    bad: ['', ',', 'three,are,many', 'relay,secret'],
    allowed: 'at most 2 secrets, separated by a comma, no placeholder such as changeme',
    secret: true,
    requires: { OPEN_TURN: 'on' },
  },
  turnTtlSeconds: number('TURN_TTL_SECONDS', 3600, 60, 86_400),
  openTurn: words('OPEN_TURN', 'off', ['on', 'off']),
};

const rows = Object.entries(cases).map(([key, row]) => ({ key: key as Key, ...row, flag: flagOf(row.name) }));

function flagOf(name: string): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`;
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

test('every setting is tested here', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(
    Object.values(definitions)
      .map(({ name }) => name)
      .sort(),
  );
});

describe.each(rows)('$name', ({ key, name, flag, byDefault, good, bad, allowed, secret, requires }) => {
  const fromEnvironment = (text: string) => readSettings({ ...requires, [name]: text })[key];

  test('has its default', () => {
    expect(readSettings({})[key]).toEqual(byDefault);
    expect(defaultSettings()[key]).toEqual(byDefault);
  });

  test.each(good)('reads %s', (text, value) => {
    expect(fromEnvironment(text)).toEqual(value);
  });

  test.each(bad)('refuses "%s" in one line with the name, the value and the allowed values', (text) => {
    const line = refusal(() => fromEnvironment(text));
    expect(line).not.toContain('\n');
    expect(line).toContain(`allowed is ${allowed}`);
    expect(line).toContain(secret || name === 'ICE_SERVERS' ? '(value not shown)' : `"${text}"`);
    expect(line.startsWith(`${name} `)).toBe(true);
  });

  if (secret) return;
  const fromFlag = (...argv: string[]) => loadSettings({ env: { ...requires }, argv })[key];

  test.each(good)('reads %s from its flag, in both spellings', (text, value) => {
    expect(fromFlag(flag, text)).toEqual(value);
    expect(fromFlag(`${flag}=${text}`)).toEqual(value);
  });

  test('the flag wins, and the environment is not even validated', () => {
    const [text = '', value] = good.at(-1) ?? [];
    const env = { ...requires, [name]: 'nonsense,' };
    expect(loadSettings({ env, argv: [flag, text] })[key]).toEqual(value);
  });

  test.each(bad)('refuses "%s" from its flag', (text) => {
    const line = refusal(() => fromFlag(`${flag}=${text}`));
    expect(line).toContain(`allowed is ${allowed}`);
    expect(line.startsWith(`${flag} `)).toBe(true);
  });
});

describe('settings that bound each other', () => {
  test.each([
    ['DEFAULT_WAIT_SECONDS', '51', 'MAX_WAIT_SECONDS', '50'],
    ['DEFAULT_TTL_SECONDS', '61', 'MAX_TTL_SECONDS', '60'],
    ['DEFAULT_IDLE_TIMEOUT_SECONDS', '61', 'MAX_IDLE_TIMEOUT_SECONDS', '60'],
    ['MAX_MESSAGE_BYTES', '1001', 'MAX_MAILBOX_BYTES', '1000'],
  ])('%s must not be above %3$s', (lower, low, upper, high) => {
    expect(refusal(() => readSettings({ [lower]: low, [upper]: high }))).toBe(
      `${lower} ${low} is above ${upper} ${high}: allowed is at most that`,
    );
  });

  test('an error about two settings says which one is a default', () => {
    expect(refusal(() => loadSettings({ env: {}, argv: ['--max-wait-seconds', '10'] }))).toBe(
      'DEFAULT_WAIT_SECONDS 25 (its default) is above --max-wait-seconds 10: allowed is at most that',
    );
  });
});

describe('settings that need each other', () => {
  const refused = (env: Record<string, string>): string => refusal(() => loadSettings({ env, argv: [] }));

  test('access tokens have only one source of keys', () => {
    const line = refused({ ACCESS_TOKEN_SECRET: SECRET, ACCESS_TOKEN_JWKS_URL: 'https://id.example.com/keys' });
    expect(line).toBe('ACCESS_TOKEN_SECRET and ACCESS_TOKEN_JWKS_URL are both given: allowed is one of them');
  });

  test('an audience requires access tokens; alone it would not restrict joining', () => {
    expect(refused({ ACCESS_TOKEN_AUDIENCE: 'calls' })).toBe(
      'ACCESS_TOKEN_AUDIENCE "calls" has no effect without access tokens: allowed is with ACCESS_TOKEN_SECRET or ACCESS_TOKEN_JWKS_URL only',
    );
  });

  test('TURN servers require the secret for their credentials', () => {
    expect(refused({ TURN_URLS: 'turn:turn.example.com' })).toMatch(
      /^TURN_URLS "turn:turn.example.com" would be handed out without credentials: allowed is with TURN_SECRET only$/,
    );
  });

  test('TURN in open mode is refused without showing the secret', () => {
    const line = refused({ TURN_URLS: 'turn:turn.example.com', TURN_SECRET: 'hunter2' });
    expect(line).toMatch(/^TURN_SECRET .*open mode.*free relay.*ACCESS_TOKEN_SECRET.*API_KEYS.*OPEN_TURN on$/);
    expect(line).not.toContain('hunter2');
  });

  test.each([
    ['OPEN_TURN', { OPEN_TURN: 'on' }],
    ['access tokens', { ACCESS_TOKEN_SECRET: SECRET }],
    ['published keys', { ACCESS_TOKEN_JWKS_URL: 'https://id.example.com/keys' }],
    ['API keys', { API_KEYS: 'a-key-that-nobody-guesses' }],
  ])('TURN is accepted with %s', (_, others: Record<string, string>) => {
    const env = { TURN_URLS: 'turn:turn.example.com', TURN_SECRET: 'hunter2', ...others };
    expect(loadSettings({ env, argv: [] })).toMatchObject({ openMode: 'OPEN_TURN' in others, turnSecret: ['hunter2'] });
  });
});

describe('warnings at the start', () => {
  const warnings = (given: Parameters<typeof defaultSettings>[0]) => settingWarnings(defaultSettings(given)).join('\n');

  test('there are none when joining requires good keys', () => {
    expect(warnings({ apiKeys: ['0123456789abcdef'], turnSecret: ['relay'], turnUrls: ['turn:t.example'] })).toBe('');
  });

  test('warn about open mode, and about TURN credentials for anyone', () => {
    expect(warnings({})).toMatch(/^open mode: anyone who knows a room's name may join it/);
    expect(warnings({ turnSecret: ['relay'], turnUrls: ['turn:t.example'], openTurn: 'on' })).toContain(
      'anyone gets TURN credentials',
    );
  });

  test('warn about a short API key without showing it', () => {
    const line = warnings({ apiKeys: ['0123456789abcdef', 'hunter2'] });
    expect(line).toContain('fewer than 16 characters');
    expect(line).toContain('not even compared for client addresses with too many failed authentications');
    expect(line).not.toContain('hunter2');
  });

  test('warn about a TURN secret without servers', () => {
    expect(warnings({ apiKeys: ['0123456789abcdef'], turnSecret: ['relay'] })).toBe(
      'TURN_SECRET has no effect without TURN_URLS',
    );
  });
});

describe('open mode', () => {
  test('is on, and caps idle timeouts and lifetimes at 300 seconds', () => {
    const env = {
      ...{ DEFAULT_IDLE_TIMEOUT_SECONDS: '600', MAX_IDLE_TIMEOUT_SECONDS: '3600' },
      ...{ DEFAULT_TTL_SECONDS: '900', MAX_TTL_SECONDS: '604800' },
    };
    expect(loadSettings({ env, argv: [] })).toMatchObject({
      openMode: true,
      defaultIdleTimeoutSeconds: 300,
      maxIdleTimeoutSeconds: 300,
      defaultTtlSeconds: 300,
      maxTtlSeconds: 300,
    });
  });

  test('does not change shorter idle timeouts and lifetimes', () => {
    const shorter = {
      ...{ defaultIdleTimeoutSeconds: 5, maxIdleTimeoutSeconds: 10 },
      ...{ defaultTtlSeconds: 20, maxTtlSeconds: 40 },
    };
    expect(defaultSettings(shorter)).toMatchObject(shorter);
  });

  test('is off with access tokens or API keys, and does not cap lifetimes', () => {
    for (const closed of [{ apiKeys: ['0123456789abcdef'] }, { accessTokenSecret: 'Zq3v9LkP0sXw7TbN5mHd2RfC8yJgUe1A' }])
      expect(defaultSettings(closed)).toMatchObject({ openMode: false, maxTtlSeconds: 86_400 });
  });
});

describe('settings for embedding', () => {
  test('are the defaults with some replaced', () => {
    expect(defaultSettings({ port: 0 })).toEqual({ ...readSettings({}), port: 0 });
  });

  test('can be derived from other settings', () => {
    const first = defaultSettings({ maxParticipantsPerRoom: 2 });
    expect(defaultSettings({ ...first, maxHeldPolls: 7 })).toEqual({ ...first, maxHeldPolls: 7 });
  });

  test('are validated like any others', () => {
    expect(refusal(() => defaultSettings({ port: 70_000 }))).toBe(
      'port 70000 cannot be used: allowed is a whole number from 0 to 65535',
    );
    expect(refusal(() => defaultSettings({ maxWaitSeconds: 10 }))).toContain('above maxWaitSeconds 10');
    expect(refusal(() => defaultSettings({ store: { kind: 'redis', url: 'redis://u:hunter2@ r' } }))).not.toContain(
      'hunter2',
    );
  });

  test('cannot have unknown names', () => {
    const misspelt = { potr: 80 } as Partial<Settings>;
    expect(refusal(() => defaultSettings(misspelt))).toContain('potr is not a setting');
  });

  test('are deeply frozen', () => {
    const settings = defaultSettings({ corsOrigins: ['https://a.example'] });
    expect([settings, settings.store, settings.corsOrigins, settings.iceServers].every(Object.isFrozen)).toBe(true);
  });
});

test('unknown variables of the environment are ignored', () => {
  expect(readSettings({ PATH: '/bin', MAX_WAIT: 'x' })).toEqual(defaultSettings());
});
