import type { Mailbox } from '../../src/signalling/message.ts';
import type { SignallingStore } from '../../src/signalling/store.ts';

type PollEvent = 'holdPoll' | 'endPoll';

/** Resolves once so many further polls are held, or so many further mailboxes have no poll any more. */
export function nextPolls(store: SignallingStore, event: PollEvent, times: number): Promise<void> {
  const original: SignallingStore['holdPoll'] = store[event].bind(store);
  let left = times;
  return new Promise((resolve) => {
    const counting = (mailbox: Mailbox, forMs: number, position?: number): void => {
      original(mailbox, forMs, position);
      left -= 1;
      if (left > 0) return;
      Object.assign(store, { [event]: original });
      resolve();
    };
    Object.assign(store, { [event]: counting });
  });
}
