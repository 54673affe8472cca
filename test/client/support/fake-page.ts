import { FakeStorage } from './fake-storage.ts';

type Callback = () => Promise<void>;

/** The Web Locks of one browser: exclusive, in the order of asking. */
class FakeLocks {
  readonly #tails = new Map<string, Promise<void>>();
  readonly held = new Set<string>();

  async request(name: string, { signal }: { signal: AbortSignal }, callback: Callback): Promise<void> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('AbortError')));
    });
    const turn = (async () => {
      await Promise.race([before, aborted]);
      this.held.add(name);
      await callback();
      this.held.delete(name);
    })();
    const done = Promise.all([before, turn.catch(() => undefined)]).then(() => undefined);
    this.#tails.set(name, done);
    await turn;
  }
}

/** Channels of one browser: a message reaches every other channel of its name. */
class FakeChannels {
  readonly open = new Set<EventTarget & { name: string }>();
  readonly posted: unknown[] = [];

  readonly Channel = ((channels: FakeChannels) =>
    class FakeChannel extends EventTarget {
      readonly name: string;
      constructor(name: string) {
        super();
        this.name = name;
        channels.open.add(this);
      }
      postMessage(data: unknown): void {
        channels.posted.push(data);
        for (const other of channels.open) {
          if (other === this || other.name !== this.name) continue;
          queueMicrotask(() => other.dispatchEvent(Object.assign(new Event('message'), { data })));
        }
      }
      close(): void {
        channels.open.delete(this);
      }
    })(this);
}

/** A browser's page, as far as the client looks at it. */
export class FakePage {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  readonly locks = new FakeLocks();
  readonly channels = new FakeChannels();
  readonly sessionStorage = new FakeStorage();
  readonly #target = new EventTarget();
  readonly #before = new Map<string, PropertyDescriptor | undefined>();

  open(): void {
    const target = this.#target;
    const globals = {
      document: this.document,
      navigator: { locks: this.locks },
      location: { href: 'http://app.example/' },
      sessionStorage: this.sessionStorage,
      BroadcastChannel: this.channels.Channel,
      addEventListener: target.addEventListener.bind(target),
      removeEventListener: target.removeEventListener.bind(target),
    };
    for (const [name, value] of Object.entries(globals)) this.set(name, value);
  }

  /** Replaces what the page has under this global name. */
  set(name: string, value: unknown): void {
    if (!this.#before.has(name)) this.#before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }

  close(): void {
    for (const [name, before] of this.#before) {
      Reflect.deleteProperty(globalThis, name);
      if (before) Object.defineProperty(globalThis, name, before);
    }
  }

  /** Listens as an app does. */
  listen(name: string, listener: () => void): void {
    this.#target.addEventListener(name, listener);
  }

  fire(name: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#target.dispatchEvent(Object.assign(new Event(name), fields));
  }

  show(visibilityState: 'visible' | 'hidden'): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}
