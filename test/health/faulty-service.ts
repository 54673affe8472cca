import { EventEmitter, once } from 'node:events';
import type { Express } from 'express';
import { defaultSettings, type Settings } from '../../src/settings/settings.ts';
import { createHoldline, type Holdline } from '../../src/service.ts';
import type { Store } from '../../src/signalling/store.ts';
import { TestClock } from '../support/clock.ts';
import { newStore, settling } from '../support/store-of-run.ts';

const running = new Set<Holdline>();

/** A service on a test clock whose hints can be lost and whose commits can hang. */
export class FaultyService {
  readonly clock: TestClock;
  readonly app: Express;
  readonly holdline: Holdline;
  readonly store: Store;
  hintsAreLost = false;
  commitsHang = false;
  sends = 0;
  readonly #events = new EventEmitter();

  static async start(given: Partial<Omit<Settings, 'openMode'>> = {}): Promise<FaultyService> {
    const service = { current: undefined as FaultyService | undefined };
    let store: Store | undefined;
    const clock = new TestClock();
    const settings = defaultSettings({
      store: newStore(),
      logLevel: 'silent',
      drainSeconds: 0,
      rateLimit: 'off',
      ...given,
    });
    const holdline = await createHoldline(settings, {
      clock,
      wrapStore: (opened) => (store = withFaults(settling(opened), () => service.current)),
    });
    running.add(holdline);
    if (store === undefined) throw new Error('the service has not wrapped its store');
    return (service.current = new FaultyService(holdline, store, clock));
  }

  private constructor(holdline: Holdline, store: Store, clock: TestClock) {
    this.holdline = holdline;
    this.app = holdline.app;
    this.store = store;
    this.clock = clock;
  }

  /** Resolves at the next append that the service requests. */
  async nextSend(): Promise<void> {
    await once(this.#events, 'send');
  }

  recordSend(): void {
    this.sends += 1;
    this.#events.emit('send');
  }
}

function withFaults(store: Store, service: () => FaultyService | undefined): Store {
  const watch = store.watch.bind(store);
  const append = store.append.bind(store);
  store.watch = (watcher) => watch((hint) => (service()?.hintsAreLost === true ? undefined : watcher(hint)));
  store.append = (request) => {
    service()?.recordSend();
    return service()?.commitsHang === true ? new Promise(() => undefined) : append(request);
  };
  return store;
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  const all = [...running];
  running.clear();
  await Promise.all(all.map((holdline) => holdline.close()));
}
