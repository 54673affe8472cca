import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import type { Settings } from './settings/settings.ts';
import { Access } from './http/access/access.ts';
import { createApp } from './http/app.ts';
import { createAppContext } from './http/context.ts';
import { batchJson } from './http/response/json.ts';
import { InProcess, type Fetch, type JoinFields, type JoinResult } from './http/server/in-process.ts';
import { Listener } from './http/server/listener.ts';
import { createServiceLog, type Log } from './log.ts';
import { combine, withoutReservedRooms } from './observability/combine.ts';
import { Metrics } from './observability/metrics/metrics.ts';
import { systemClock, type Clock } from './signalling/clock.ts';
import { iceServersFor } from './signalling/ice-servers.ts';
import { failedAuthenticationRate, MAX_PARTICIPANTS_PER_ADDRESS, rosterRate } from './signalling/limits.ts';
import { RateLimiter } from './signalling/rate-limit.ts';
import { Signalling } from './signalling/signalling.ts';
import type { Store } from './signalling/store.ts';
import type { Telemetry } from './signalling/telemetry.ts';
import { Sockets } from './socket/sockets.ts';
import { openStore } from './store/open-store.ts';
import { RoomLog } from './observability/trace/room-log.ts';
import { Trace } from './observability/trace/trace.ts';
import { VERSION } from './version.ts';

export { JoinError, type Fetch, type JoinFields, type JoinResult } from './http/server/in-process.ts';
export { backupStore } from './store/open-store.ts';
export { StoreError } from './store/store-error.ts';

/** Parts that tests and embedding apps can replace. */
export interface Overrides {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Wraps the store that the settings name. */
  readonly wrapStore?: (store: Store) => Store;
}

export interface Addresses {
  readonly host: string;
  readonly port: number;
  /** Set with `ADMIN_PORT`: serves health, metrics and traces on the same host. */
  readonly adminPort?: number;
}

export interface Holdline extends AsyncDisposable {
  /** For mounting in another Express app; not needed with `start`. */
  readonly app: Express;
  /**
   * For the `upgrade` event of a server in which `app` is mounted; not needed with `start`. Takes the upgrade if its path
   * is that of the socket. @returns whether it did; otherwise the upgrade is the caller's
   */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, options?: { readonly basePath?: string }): boolean;
  /**
   * Answers requests of this process without a network, whether or not the service listens; for
   * `joinRoom({ baseUrl: 'http://in.process', fetch: holdline.fetch, ... })`. The host is ignored; the path begins with
   * `/v1`, wherever `app` is mounted. Behaves like the global `fetch`, and rejects once the service is closed.
   */
  readonly fetch: Fetch;
  /**
   * Joins on anyone's behalf, as a request with an API key would, also when `API_KEYS` is not set. Its result is what
   * the option `join` of `joinRoom` returns. @throws JoinError with the `problem` of a refusal
   */
  readonly join: (roomId: string, fields?: JoinFields) => Promise<JoinResult>;
  /** Listens on the host and port of the settings, and returns them. */
  start(): Promise<Addresses>;
  /**
   * Drains and stops: ends held polls with an empty batch, spread over the drain time, answers requests in progress,
   * then closes the store. Resolves when that is done, at most a moment after `drainSeconds`. Idempotent.
   */
  close(): Promise<void>;
}

/** Share of the drain time in which held polls are released; the rest is for sending their responses. */
const RELEASE_SHARE = 0.8;

/**
 * The only wiring of the service.
 * @throws StoreError when the store cannot be opened
 */
export async function createHoldline(settings: Settings, overrides: Overrides = {}): Promise<Holdline> {
  const log = overrides.log ?? createServiceLog(settings);
  const clock = overrides.clock ?? systemClock();
  const metrics = new Metrics();
  // Only the admin port shows traces.
  const trace =
    settings.adminPort === undefined ? undefined : new Trace(clock, { isShared: settings.store.kind === 'redis' });
  // The room log runs for every message, so it is absent at other levels.
  const roomLogs = log.isLevelEnabled?.('debug') === false ? [] : [new RoomLog(log)];
  const telemetry = withoutReservedRooms(combine(metrics, ...(trace === undefined ? [] : [trace]), ...roomLogs));
  const store = await openStoreOf(settings, overrides, telemetry);
  const onKeyError = (error: unknown): void =>
    log.error({ err: error }, 'the keys of access tokens cannot be had or used');
  const ownKey = randomBytes(32).toString('base64url');
  const access = new Access(settings, clock, onKeyError, ownKey);
  const options = signallingOptions(settings);
  const signalling = new Signalling({
    ...options,
    store,
    clock,
    log,
    telemetry,
    onStoreFull: storeFullLogger(log),
    joinPolicy: access.joinPolicy,
  });

  const sockets = settings.socket === 'on' ? new Sockets({ signalling, clock, renderBatch: batchJson }) : undefined;
  let draining = false;
  const isDraining = (): boolean => draining;
  const context = createAppContext({
    signalling,
    access,
    settings,
    sockets,
    log,
    isDraining,
    version: VERSION,
    failures: new RateLimiter(failedAuthenticationRate(options.joinsPerMinute), clock),
    rosterReads: new RateLimiter(rosterRate(settings.rateLimit === 'on'), clock),
    iceServersFor: (participantId) => iceServersFor(participantId, settings, clock),
    observability: {
      answered: (operation, status, code, elapsedMs) => metrics.answered(operation, status, code, elapsedMs),
      rateLimited: (limit) => metrics.rateLimited(limit),
      metrics: () => metrics.text(),
      trace: (roomId) => trace?.text(roomId, signalling.heldIn(roomId)),
    },
  });
  observe(metrics, settings, { signalling, sockets, isDraining });

  const keepAliveMs = settings.keepAliveSeconds * 1_000;
  const app = createApp(context, settings.adminPort === undefined ? ['public', 'operators'] : ['public']);
  const listener = new Listener(app, clock, keepAliveMs);
  const inProcess = new InProcess(app, ownKey);
  const admin =
    settings.adminPort === undefined
      ? undefined
      : new Listener(createApp(context, ['operators', 'admin-port']), clock, keepAliveMs);

  async function release(overMs: number): Promise<void> {
    await Promise.all([signalling.drain(overMs), sockets?.drain(overMs)]);
    await sockets?.close();
  }

  async function stop(): Promise<void> {
    draining = true;
    const drainMs = settings.drainSeconds * 1_000;
    await Promise.all([release(drainMs * RELEASE_SHARE), listener.close(drainMs)]);
    await inProcess.close();
    // The last listener to close: its readiness check reports the drain until the end.
    await admin?.close(0);
    signalling.close();
    await store.close();
  }
  let stopped: Promise<void> | undefined;
  const close = (): Promise<void> => (stopped ??= stop());

  return {
    app: app.app,
    upgrade: (req, socket, head, { basePath = '' } = {}) => app.upgrade(req, socket, head, basePath),
    fetch: inProcess.fetch,
    join: inProcess.join,
    async start() {
      const { address: host, port }: AddressInfo = await listener.listen(settings.host, settings.port);
      if (admin === undefined || settings.adminPort === undefined) return { host, port };
      return { host, port, adminPort: (await admin.listen(settings.host, settings.adminPort)).port };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openStoreOf(settings: Settings, overrides: Overrides, telemetry: Telemetry): Promise<Store> {
  const store = await openStore({
    location: settings.store,
    sqliteSynchronous: settings.sqliteSynchronous,
    limits: settings,
    ...(overrides.clock && { clock: overrides.clock }),
    telemetry,
  });
  return overrides.wrapStore?.(store) ?? store;
}

/** The options that come from settings alone. */
function signallingOptions(settings: Settings) {
  const isLimited = settings.rateLimit === 'on';
  return {
    maxHeldPolls: settings.maxHeldPolls,
    defaultIdleTimeoutMs: settings.defaultIdleTimeoutSeconds * 1_000,
    joinsPerMinute: isLimited ? settings.rateLimitJoinsPerMinute : Infinity,
    maxParticipantsPerAddress: isLimited ? MAX_PARTICIPANTS_PER_ADDRESS : Infinity,
    messagesPerSecond: isLimited ? settings.rateLimitMessagesPerSecond : Infinity,
    pacePolls: isLimited,
  };
}

const STORE_FULL =
  'the message store is full: joins and sends are refused until messages are read or expire, or MAX_STORE_BYTES is raised (on Redis, its maxmemory)';

const storeFullLogger =
  (log: Log) =>
  (isFull: boolean): void =>
    isFull ? log.warn(STORE_FULL) : log.info('the message store has room again');

/** Called last, because the metrics read from parts that are created after them. */
function observe(
  metrics: Metrics,
  settings: Settings,
  {
    signalling,
    sockets,
    isDraining,
  }: { signalling: Signalling; sockets?: Sockets | undefined; isDraining: () => boolean },
): void {
  const delivers = (): Promise<boolean> =>
    signalling.check().then(
      () => true,
      () => false,
    );
  metrics.observe({
    version: VERSION,
    maxHeldPolls: settings.maxHeldPolls,
    heldPolls: () => signalling.heldPolls,
    sockets: () => sockets?.size ?? 0,
    networkWindows: () => signalling.networkWindows,
    usage: () => signalling.usage(),
    isReady: async () => !isDraining() && (await delivers()),
  });
}
