import { EventEmitter, once } from 'node:events';
import type { Express } from 'express';
import { defaultSettings, type Settings } from '../../src/settings/settings.ts';
import { createHoldline, type Holdline } from '../../src/service.ts';
import type { StoreAdapter } from '../../src/signalling/store.ts';
import { TestClock } from '../support/clock.ts';
import { newStore, settling } from '../support/store-of-run.ts';

const running = new Set<Holdline>();

/** A service whose wake-ups or commits can be made to stop, by a clock that tests turn. */
export class Wedge {
  readonly clock: TestClock;
  readonly app: Express;
  readonly holdline: Holdline;
  readonly store: StoreAdapter;
  hintsAreLost = false;
  commitsHang = false;
  sends = 0;
  readonly #events = new EventEmitter();

  static async service(given: Partial<Omit<Settings, 'openMode'>> = {}): Promise<Wedge> {
    const wedge = { current: undefined as Wedge | undefined };
    let store: StoreAdapter | undefined;
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
      wrapStore: (opened) => (store = wedged(settling(opened), () => wedge.current)),
    });
    running.add(holdline);
    if (store === undefined) throw new Error('the service has not wrapped its store');
    return (wedge.current = new Wedge(holdline, store, clock));
  }

  private constructor(holdline: Holdline, store: StoreAdapter, clock: TestClock) {
    this.holdline = holdline;
    this.app = holdline.app;
    this.store = store;
    this.clock = clock;
  }

  /** Resolves at the next message that the service tries to store. */
  async nextSend(): Promise<void> {
    await once(this.#events, 'send');
  }

  noteSend(): void {
    this.sends += 1;
    this.#events.emit('send');
  }
}

function wedged(store: StoreAdapter, wedge: () => Wedge | undefined): StoreAdapter {
  const watch = store.watch.bind(store);
  const append = store.append.bind(store);
  store.watch = (watcher) => watch((hint) => (wedge()?.hintsAreLost === true ? undefined : watcher(hint)));
  store.append = (request) => {
    wedge()?.noteSend();
    return wedge()?.commitsHang === true ? new Promise(() => undefined) : append(request);
  };
  return store;
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  const all = [...running];
  running.clear();
  await Promise.all(all.map((holdline) => holdline.close()));
}
