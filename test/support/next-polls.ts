import type { PollPresence, StoreAdapter } from '../../src/signalling/store.ts';

type PollEvent = 'held' | 'ended';

/** Resolves once `times` further polls are held or have ended. */
export function nextPolls(store: StoreAdapter, event: PollEvent, times: number): Promise<void> {
  let left = times;
  return new Promise((resolve) => {
    onPolls(store, (_, happened) => {
      if (happened === event) left -= 1;
      if (left === 0) resolve();
    });
  });
}

/** Calls the listener whenever a poll is held or ends from now on. */
export function onPolls(store: StoreAdapter, listener: (participantId: string, event: PollEvent) => void): void {
  const openPoll = store.openPoll.bind(store);
  store.openPoll = (mailbox): PollPresence => {
    const poll = openPoll(mailbox);
    return {
      hold(forMs, position) {
        poll.hold(forMs, position);
        listener(mailbox.participantId, 'held');
      },
      supersedeOthers: () => poll.supersedeOthers(),
      end(outcome) {
        poll.end(outcome);
        listener(mailbox.participantId, 'ended');
      },
    };
  };
}
