import { hostName, oneOf, storeUrl, wholeNumber } from '../parsers.ts';
import type { Definitions } from '../definition.ts';

const TEBIBYTE = 1_099_511_627_776;
const server = 'Server';
const storage = 'Storage';

export const serverSettings = {
  host: {
    name: 'HOST',
    group: server,
    default: '0.0.0.0',
    parser: hostName,
    about: 'Address to listen on.',
  },
  port: {
    name: 'PORT',
    group: server,
    default: '8080',
    parser: wholeNumber(0, 65_535),
    about: 'Port to listen on; 0 picks a free one.',
  },
  keepAliveSeconds: {
    name: 'KEEP_ALIVE_SECONDS',
    group: server,
    default: '75',
    parser: wholeNumber(1, 3600),
    about:
      'How long an idle connection stays open. Must exceed the idle timeout of your proxy for connections to the server.',
  },
  drainSeconds: {
    name: 'DRAIN_SECONDS',
    group: server,
    default: '8',
    parser: wholeNumber(0, 600),
    about:
      'How long a stopping server waits for held polls and requests to end. Keep it below the 10 s of `docker stop`.',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    group: server,
    default: 'info',
    parser: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    about: 'Minimum log level.',
  },
  logFormat: {
    name: 'LOG_FORMAT',
    group: server,
    default: 'auto',
    parser: oneOf('auto', 'json', 'pretty'),
    about: 'Log format: `auto` writes readable lines on a terminal and JSON lines otherwise.',
  },
  adminPort: {
    name: 'ADMIN_PORT',
    group: server,
    parser: wholeNumber(0, 65_535),
    about:
      'Port for health, metrics and traces. Without it, health and metrics are on the main port, and there are no traces.',
  },
  socket: {
    name: 'SOCKET',
    group: server,
    default: 'on',
    parser: oneOf('on', 'off'),
    about: 'Whether clients may read through a WebSocket instead of polls.',
  },
  demo: {
    name: 'DEMO',
    group: server,
    default: 'on',
    parser: oneOf('on', 'off'),
    about: 'Whether the server serves the demo page.',
  },
  store: {
    name: 'STORE_URL',
    group: storage,
    default: 'sqlite:./data/holdline.db',
    parser: storeUrl,
    about: 'Where messages are stored.',
  },
  sqliteSynchronous: {
    name: 'SQLITE_SYNCHRONOUS',
    group: storage,
    default: 'full',
    parser: oneOf('full', 'normal'),
    about: '`full` survives a power loss; `normal` survives a killed process, but not a power loss.',
  },
  maxStoreBytes: {
    name: 'MAX_STORE_BYTES',
    group: storage,
    default: '4294967296',
    parser: wholeNumber(65_536, TEBIBYTE),
    about:
      'Maximum size of live data, 4 GiB by default. At the limit, joins and sends get 503; reads, acknowledgements and leaves still work.',
  },
} as const satisfies Definitions;
