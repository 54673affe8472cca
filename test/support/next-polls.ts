import type { PollPresence, Store } from '../../src/signalling/store.ts';

type PollEvent = 'held' | 'ended';

/** Resolves once `times` further polls are held or have ended. */
export function nextPolls(store: Store, event: PollEvent, times: number): Promise<void> {
  let left = times;
  return new Promise((resolve) => {
    onPolls(store, (_, happened) => {
      if (happened === event) left -= 1;
      if (left === 0) resolve();
    });
  });
}

type Listener = (participantId: string, event: PollEvent) => void;

const listenersOf = new WeakMap<Store, Set<Listener>>();

/**
 * Calls the listener whenever a poll is held or ends from now on. The first call for a store covers the polls that are
 * opened after it.
 */
export function onPolls(store: Store, listener: Listener): void {
  const known = listenersOf.get(store);
  if (known !== undefined) {
    known.add(listener);
    return;
  }
  const listeners = new Set([listener]);
  listenersOf.set(store, listeners);
  observe(store, listeners);
}

function observe(store: Store, listeners: ReadonlySet<Listener>): void {
  const openPoll = store.openPoll.bind(store);
  store.openPoll = (mailbox): PollPresence => {
    const poll = openPoll(mailbox);
    const notify = (event: PollEvent): void => {
      for (const listener of listeners) listener(mailbox.participantId, event);
    };
    return {
      hold(forMs, position) {
        poll.hold(forMs, position);
        notify('held');
      },
      supersedeOthers: () => poll.supersedeOthers(),
      end(outcome) {
        poll.end(outcome);
        notify('ended');
      },
    };
  };
}
