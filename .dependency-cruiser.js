/** A wall: modules under `from` may import, within src/, only each other and `allowed`. */
function wall(name, from, allowed, comment) {
  return { name, comment, severity: 'error', from: { path: from }, to: { path: '^src/', pathNot: [from, ...allowed] } };
}

const onlyTypes = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to, dependencyTypesNot: ['type-only'] },
});

const entry = '^src/((main|index)\\.ts$|cli/)';
const service = '^src/service\\.ts$';
const settings = '^src/settings/';
const log = '^src/log(\\.ts$|/)';
const version = '^src/version\\.ts$';
const http = '^src/http/';
const socket = '^src/socket/';
const store = '^src/store/';
const signalling = '^src/signalling/';
const wire = '^src/wire/';
const client = '^src/client/';
const demo = '^demo/';
const observability = '^src/observability/';
const metrics = '^src/observability/metrics/';
const peers = '^(engine\\.io|faye|sockjs)$';
const rooms = [entry, service, settings, log, version, http, socket, observability, store, signalling, wire, client];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    wall(
      'entry-wall',
      entry,
      [service, settings, log, version],
      'The command and the package entry reach everything through the service.',
    ),
    wall(
      'service-wall',
      service,
      [settings, log, version, http, socket, observability, store, signalling],
      'The service wires the rooms; http/ owns the wire format.',
    ),
    wall('settings-wall', settings, [signalling, wire], 'Settings are parsed before anything is built.'),
    wall('log-wall', log, [], 'The logger is passed in and imports nothing of ours.'),
    wall('version-wall', version, [], 'A constant imports nothing.'),
    wall(
      'http-wall',
      http,
      [signalling, wire],
      'HTTP sees the rules, never the bytes: no store/, no settings, no logger.',
    ),
    wall(
      'socket-wall',
      socket,
      [signalling, wire],
      'A socket sees the rules, like HTTP; the service hands it the rest.',
    ),
    wall(
      'observability-wall',
      observability,
      [signalling, wire],
      'Metrics and traces observe the rules; they never call them.',
    ),
    wall('store-wall', store, [signalling], 'An adapter imports the port and its types, nothing else.'),
    wall('signalling-wall', signalling, [wire], 'The rules import nothing of ours.'),
    onlyTypes('signalling-wire-types', signalling, wire, 'The rules may use types of the wire, never its schemas.'),
    wall('wire-wall', wire, [], 'The wire format imports nothing of ours.'),
    wall('client-wall', client, [wire], 'The client is published on its own and runs in browsers.'),
    wall('demo-wall', demo, [client], 'The pages run in browsers, on the client that apps import.'),
    {
      name: 'examples-wall',
      comment: 'Examples use what apps can import.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(src|test|bench|scripts)/', pathNot: '^src/(client/)?index\\.ts$' },
    },
    onlyTypes('client-wire-types', client, wire, 'zod must not reach the client bundle.'),
    {
      name: 'no-room-outside-the-walls',
      comment: 'A file outside all rooms would bypass every wall. Move it into a room, or add a wall.',
      severity: 'error',
      from: { path: '^src/', pathNot: rooms },
      to: { path: '^src/' },
    },
    {
      name: 'client-stands-alone',
      comment: 'fetch only: no node: imports and no dependencies, so that it runs in browsers and React Native.',
      severity: 'error',
      from: { path: client },
      to: { pathNot: '^src/' },
    },
    {
      name: 'drivers-stay-in-store',
      comment: 'Only the adapters in store/ import database drivers.',
      severity: 'error',
      from: { path: '^src/', pathNot: store },
      to: { path: '(^|node_modules/)(better-sqlite3|redis)(/|$)' },
    },
    {
      name: 'ws-stays-in-socket',
      comment: 'The WebSocket library is a detail of one room.',
      severity: 'error',
      from: { path: '^src/', pathNot: socket },
      to: { path: '(^|node_modules/)ws(/|$)' },
    },
    {
      name: 'prom-client-stays-in-metrics',
      comment: 'Prometheus is a detail of one room.',
      severity: 'error',
      from: { path: '^src/', pathNot: metrics },
      to: { path: '(^|node_modules/)prom-client(/|$)' },
    },
    {
      name: 'no-cycles',
      comment: 'Type imports count: files whose types depend on each other are one unit.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'src-stands-alone',
      comment: 'The package does not import tests, scripts, examples or the bench.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench|examples)/' },
    },
    {
      name: 'no-dev-dependency-in-src',
      comment: 'It would be missing after `npm install holdline`.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'An unresolved import cannot be checked. The peers of the bench are installed for a bench run only.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: peers },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Generated clients and their callers, and an app whose packages are not installed here.
    exclude: { path: '^test/(sdk/(generated|typescript)|react-native/app)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
