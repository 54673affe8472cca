import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import type { Settings } from './settings/settings.ts';
import { Access } from './http/access/access.ts';
import { createApp } from './http/app.ts';
import { createAppContext } from './http/context.ts';
import { Listener } from './http/server/listener.ts';
import { createServiceLog, type Log } from './log.ts';
import { combine, withoutReservedRooms } from './observability/combine.ts';
import { Metrics } from './observability/metrics/metrics.ts';
import { systemClock, type Clock } from './signalling/clock.ts';
import { iceServersFor } from './signalling/ice-servers.ts';
import { failedAuthenticationRate, MAX_PARTICIPANTS_PER_ADDRESS, rosterRate } from './signalling/limits.ts';
import { RateLimiter } from './signalling/rate-limit.ts';
import { Signalling } from './signalling/signalling.ts';
import type { StoreAdapter } from './signalling/store.ts';
import { openStore } from './store/open-store.ts';
import { RoomLog } from './observability/trace/room-log.ts';
import { Trace } from './observability/trace/trace.ts';
import { VERSION } from './version.ts';

export { backupStore } from './store/open-store.ts';
export { StoreError } from './store/store-error.ts';

/** What tests and embedding apps may replace. */
export interface Overrides {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Wraps the store that the settings name. */
  readonly wrapStore?: (store: StoreAdapter) => StoreAdapter;
}

export interface Addresses {
  readonly host: string;
  readonly port: number;
  /** With `ADMIN_PORT`: health, metrics and traces are there, on the same host. */
  readonly adminPort?: number;
}

export interface Holdline {
  /** To be mounted in another Express app; not needed with `start`. */
  readonly app: Express;
  /** Listens on the host and port of the settings, and says on which. */
  start(): Promise<Addresses>;
  /**
   * Drains and stops: held polls end with an empty batch, spread over the drain time; what is under way is answered; the store
   * is closed. Resolves once that is done, at the latest a moment after `drainSeconds`. Further calls change nothing.
   */
  close(): Promise<void>;
}

/** Held polls are released within this share of the drain time; the rest is for their answers. */
const RELEASE_SHARE = 0.8;

/**
 * The only place that wires things.
 * @throws StoreError when the store cannot be opened
 */
export async function createHoldline(settings: Settings, overrides: Overrides = {}): Promise<Holdline> {
  const log = overrides.log ?? createServiceLog(settings);
  const clock = overrides.clock ?? systemClock();
  const metrics = new Metrics();
  const trace = new Trace(clock, { isShared: settings.store.kind === 'redis' });
  // The room log runs for every message, so it is absent at other levels.
  const roomLogs = log.isLevelEnabled?.('debug') === false ? [] : [new RoomLog(log)];
  const telemetry = withoutReservedRooms(combine(metrics, trace, ...roomLogs));
  const opened = await openStore({
    location: settings.store,
    sqliteSynchronous: settings.sqliteSynchronous,
    limits: settings,
    ...(overrides.clock && { clock }),
    telemetry,
  });
  const store = overrides.wrapStore?.(opened) ?? opened;
  const access = new Access(settings, clock, (error) =>
    log.error({ err: error }, 'the keys of access tokens cannot be had or used'),
  );
  const isLimited = settings.rateLimit === 'on';
  const joinsPerMinute = isLimited ? settings.rateLimitJoinsPerMinute : Infinity;
  const signalling = new Signalling({
    store,
    clock,
    log,
    onStoreFull: (isFull) =>
      isFull
        ? log.warn(
            'the message store is full: joins and sends are refused until messages are read or expire, or MAX_STORE_BYTES is raised (on Redis, its maxmemory)',
          )
        : log.info('the message store has room again'),
    maxHeldPolls: settings.maxHeldPolls,
    defaultIdleTimeoutMs: settings.defaultIdleTimeoutSeconds * 1_000,
    joinPolicy: access.joinPolicy,
    joinsPerMinute,
    maxParticipantsPerAddress: isLimited ? MAX_PARTICIPANTS_PER_ADDRESS : Infinity,
    messagesPerSecond: isLimited ? settings.rateLimitMessagesPerSecond : Infinity,
    pacePolls: isLimited,
    telemetry,
  });

  let draining = false;
  const context = createAppContext({
    signalling,
    access,
    failures: new RateLimiter(failedAuthenticationRate(joinsPerMinute), clock),
    rosterReads: new RateLimiter(rosterRate(isLimited), clock),
    settings,
    log,
    version: VERSION,
    iceServersFor: (participantId) => iceServersFor(participantId, settings, clock),
    isDraining: () => draining,
    observability: {
      answered: (operation, status, code, elapsedMs) => metrics.answered(operation, status, code, elapsedMs),
      rateLimited: (limit) => metrics.rateLimited(limit),
      metrics: () => metrics.text(),
      trace: (roomId) => trace.text(roomId),
    },
  });
  observe(metrics, settings, signalling, () => draining);
  const app = createApp(context, settings.adminPort === undefined ? ['public', 'operators'] : ['public']);
  const keepAliveMs = settings.keepAliveSeconds * 1_000;
  const listener = new Listener(app, clock, keepAliveMs);
  const admin =
    settings.adminPort === undefined
      ? undefined
      : new Listener(createApp(context, ['operators', 'admin-port']), clock, keepAliveMs);
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    draining = true;
    const drainMs = settings.drainSeconds * 1_000;
    await Promise.all([signalling.drain(drainMs * RELEASE_SHARE), listener.close(drainMs)]);
    // Until here it says that the service is draining.
    await admin?.close(0);
    signalling.close();
    await store.close();
  }

  return {
    app: app.app,
    async start() {
      const { address: host, port }: AddressInfo = await listener.listen(settings.host, settings.port);
      if (admin === undefined || settings.adminPort === undefined) return { host, port };
      return { host, port, adminPort: (await admin.listen(settings.host, settings.adminPort)).port };
    },
    close: () => (closed ??= close()),
  };
}

/** Tells the metrics what can be asked only once everything is wired. */
function observe(metrics: Metrics, settings: Settings, signalling: Signalling, isDraining: () => boolean): void {
  const delivers = (): Promise<boolean> =>
    signalling.check().then(
      () => true,
      () => false,
    );
  metrics.observe({
    version: VERSION,
    maxHeldPolls: settings.maxHeldPolls,
    heldPolls: () => signalling.heldPolls,
    usage: () => signalling.usage(),
    isReady: async () => !isDraining() && (await delivers()),
  });
}
