import type { SignallingStore } from '../../src/signalling/store.ts';

type PollEvent = 'holdPoll' | 'endPoll';

/** Resolves once so many further polls are held, or so many further mailboxes have no poll any more. */
export function nextPolls(store: SignallingStore, event: PollEvent, times: number): Promise<void> {
  const holdPoll = store.holdPoll.bind(store);
  const endPoll = store.endPoll.bind(store);
  let left = times;
  return new Promise((resolve) => {
    const count = (): void => {
      left -= 1;
      if (left > 0) return;
      Object.assign(store, event === 'holdPoll' ? { holdPoll } : { endPoll });
      resolve();
    };
    const countHold: typeof holdPoll = (...args) => {
      holdPoll(...args);
      count();
    };
    const countEnd: typeof endPoll = (...args) => {
      endPoll(...args);
      count();
    };
    Object.assign(store, event === 'holdPoll' ? { holdPoll: countHold } : { endPoll: countEnd });
  });
}
