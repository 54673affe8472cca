import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import type { Settings } from './config.ts';
import { createApp } from './http/app.ts';
import { createEdge } from './http/edge.ts';
import { Listener } from './http/listener.ts';
import { createLog, type Log } from './log.ts';
import { systemClock, type Clock } from './signalling/clock.ts';
import { Signalling } from './signalling/signalling.ts';
import type { SignallingStore } from './signalling/store.ts';
import { openStore } from './store/open-store.ts';
import { VERSION } from './version.ts';

export { StoreError } from './store/store-error.ts';

/** What tests and embedding apps may replace. */
export interface Overrides {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Wraps the store that the settings name. */
  readonly wrapStore?: (store: SignallingStore) => SignallingStore;
}

export interface Holdline {
  /** To be mounted in another Express app; not needed with `start`. */
  readonly app: Express;
  /** Listens on the host and port of the settings, and says on which. */
  start(): Promise<{ host: string; port: number }>;
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
  const log = overrides.log ?? createLog(settings.logLevel);
  const clock = overrides.clock ?? systemClock();
  const opened = openStore({
    location: settings.store,
    sqliteSynchronous: settings.sqliteSynchronous,
    limits: settings,
    clock,
  });
  const store = overrides.wrapStore?.(opened) ?? opened;
  const signalling = new Signalling({
    store,
    clock,
    onBackgroundError: (error) => log.error({ err: error }, 'background work failed'),
    maxHeldPolls: settings.maxHeldPolls,
    defaultIdleTimeoutMs: settings.defaultIdleTimeoutSeconds * 1_000,
    joinPolicy: { kind: 'open' },
    joinsPerMinute: Infinity,
    messagesPerSecond: Infinity,
    pacePolls: settings.rateLimit === 'on',
  });

  let draining = false;
  const edge = createEdge({ signalling, settings, log, version: VERSION, isDraining: () => draining });
  const app = createApp(edge);
  const listener = new Listener(app, edge);
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    draining = true;
    const drainMs = settings.drainSeconds * 1_000;
    await Promise.all([signalling.drain(drainMs * RELEASE_SHARE), listener.close(drainMs)]);
    signalling.close();
    await store.close();
  }

  return {
    app: app.app,
    async start() {
      const { address, port }: AddressInfo = await listener.listen(settings.host, settings.port);
      return { host: address, port };
    },
    close: () => (closed ??= close()),
  };
}
