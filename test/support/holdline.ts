import { EventEmitter, once } from 'node:events';
import type { Express } from 'express';
import { defaultSettings, type Settings } from '../../src/settings/settings.ts';
import { createHoldline, type Holdline, type Overrides } from '../../src/service.ts';
import type { Store } from '../../src/signalling/store.ts';
import { onPolls } from './next-polls.ts';
import { newStore, settling } from './store-of-run.ts';

type Given = Partial<Omit<Settings, 'openMode'>>;

/** The real service on an empty store, with the events of its polls. */
export class Service {
  readonly holdline: Holdline;
  readonly app: Express;
  /** The store that the service uses, for faults that requests cannot cause. */
  readonly store: Store;
  readonly #polls: Polls;

  constructor(holdline: Holdline, store: Store, polls: Polls) {
    this.holdline = holdline;
    this.app = holdline.app;
    this.store = store;
    this.#polls = polls;
  }

  /** Starts a poll, and resolves once the server holds it; `ended` is its answer. */
  async hold<T>(participantId: string, start: () => Promise<T>): Promise<{ readonly ended: Promise<T> }> {
    const held = once(this.#polls.held, participantId);
    const ended = start();
    const early = ended.then((answer) => {
      throw new Error(`answered instead of held: ${JSON.stringify(answer)}`);
    });
    await Promise.race([held, early]);
    early.catch(() => undefined);
    return { ended };
  }

  /** Resolves when a held poll of the participant ends, answered or not. */
  async ending(participantId: string): Promise<void> {
    await once(this.#polls.ended, participantId);
  }
}

/** Both emit the participant's id as event name. */
interface Polls {
  readonly held: EventEmitter;
  readonly ended: EventEmitter;
}

const running = new Set<Holdline>();

/** Creates a service that is called through `app`, without a port. */
export async function createService(given: Given = {}, overrides: Omit<Overrides, 'wrapStore'> = {}): Promise<Service> {
  const polls = { held: new EventEmitter(), ended: new EventEmitter() };
  let store: Store | undefined;
  const settings = defaultSettings({
    store: newStore(),
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
    drainSeconds: 0,
    ...given,
  });
  const holdline = await createHoldline(settings, { ...overrides, wrapStore: (opened) => (store = settling(opened)) });
  if (store === undefined) throw new Error('the service has not wrapped its store');
  onPolls(store, (participantId, event) => polls[event].emit(participantId));
  running.add(holdline);
  return new Service(holdline, store, polls);
}

export interface ListeningService {
  readonly service: Service;
  readonly port: number;
  readonly url: string;
}

/** Creates a service that listens on a free port. */
export async function startService(...given: Parameters<typeof createService>): Promise<ListeningService> {
  const service = await createService(...given);
  const { port } = await service.holdline.start();
  return { service, port, url: `http://127.0.0.1:${port}` };
}

/** For `afterEach` or `afterAll`: closes every service and ends its held polls. */
export async function closeServices(): Promise<void> {
  const all = [...running];
  running.clear();
  await Promise.all(all.map((holdline) => holdline.close()));
}
