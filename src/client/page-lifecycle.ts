import type { MailboxContext } from './context.ts';
import { listen, type Target } from './events.ts';
import { SLEEP_MS, STILL_HERE_MS, SLEEP_CHECK_MS } from './limits.ts';
import type { Outbox } from './outbox.ts';
import type { Reader } from './reader.ts';
import type { Runtime } from './runtime.ts';
import type { Session } from './session.ts';

interface Page extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
}

/** `frozen`: in a tab that stays. `hidden`: in the back-forward cache. `closed`: for good. */
type PageStop = 'frozen' | 'hidden' | 'closed';

/** Of a `PageTransitionEvent`: whether the page comes from the back-forward cache, or may go there. */
const isPersisted = (event: unknown): boolean => (event as { persisted?: boolean }).persisted !== false;

/**
 * Follows the life of the page (HTML, and the Page Lifecycle draft): sends what is pending before the page stops, and
 * polls at once when it is back. @returns a function that stops following
 */
export function followPage(context: MailboxContext, session: Session, outbox: Outbox, reader: Reader): () => void {
  const page = globalThis as Page;
  let cancelResume = (): void => undefined;
  /** The page may never continue: handled messages are acknowledged, the others are delivered again. */
  const stop = (how: PageStop): void => {
    // The participant stays: the page may be reloaded.
    if (how === 'closed') context.emit('before-end', 'page-closes');
    outbox.flush();
    reader.suspend();
    // Requests that pause before another attempt make it now.
    context.wake();
    void session.acknowledge();
    if (how !== 'frozen') {
      // The next page may resume the mailbox. A held lock or channel would also keep this page out of the back-forward
      // cache.
      context.storage.unlock();
      context.sharing.close();
    }
    cancelResume();
    cancelResume = context.after(STILL_HERE_MS, () => {
      outbox.resume();
      reader.restart('hidden');
      void context.storage.lock();
      context.sharing.open();
    });
  };
  // Earlier connections are probably dead.
  const wake = (): void => reader.wake(true);
  const endings = [
    listen(page, 'online', () => reader.wake(true, 'online')),
    listen(page, 'pageshow', (event) => {
      if (isPersisted(event)) wake();
    }),
    listen(page, 'pagehide', (event) => {
      stop(isPersisted(event) ? 'hidden' : 'closed');
    }),
    listen(page.document, 'freeze', () => stop('frozen')),
    listen(page.document, 'resume', wake),
    detectSleep(context, page.document, (stale) => reader.wake(stale)),
    () => cancelResume(),
  ];
  return () => {
    for (const end of endings) end();
  };
}

/**
 * Wakes after the machine has slept, and whenever the page is shown; `stale` is true after a sleep. Timers of a hidden
 * page are late anyway, so a hidden page is checked when it is shown. @returns a function that ends this
 */
function detectSleep(runtime: Runtime, document: Page['document'], wake: (stale: boolean) => void): () => void {
  const isHidden = (): boolean => document?.visibilityState === 'hidden';
  let tickedMs = runtime.now();
  let cancelTick = (): void => undefined;
  const hasSlept = (): boolean => {
    const sleptMs = runtime.now() - tickedMs;
    tickedMs += sleptMs;
    return sleptMs > SLEEP_MS;
  };
  const tick = (): void => {
    if (!isHidden() && hasSlept()) wake(true);
    cancelTick = runtime.after(SLEEP_CHECK_MS, tick);
  };
  tick();
  const unlisten = listen(document, 'visibilitychange', () => {
    if (!isHidden()) wake(hasSlept());
  });
  return () => {
    unlisten();
    cancelTick();
  };
}
