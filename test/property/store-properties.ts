import { describe, test } from '@jest/globals';
import type { OpenPersistentStore } from '../support/store.ts';
import { assertSequences, SEQUENCES_TIMEOUT_MS } from './assert-sequences.ts';
import { sequences, type Action } from './store/actions.ts';
import { runActions } from './store/run-actions.ts';

/** Sequences that once failed; each was one in many thousands. */
const REGRESSIONS: Record<string, readonly Action[]> = {
  'participants time out in time when one leaves right after the clock went back with a restart': [
    { kind: 'join', room: 0, id: 0, resume: false, token: null, key: null, body: 0, patient: true },
    { kind: 'join', room: 0, id: 1, resume: false, token: null, key: null, body: 0, patient: true },
    { kind: 'join', room: 0, id: 2, resume: false, token: null, key: null, body: 0, patient: true },
    { kind: 'join', room: 0, id: 0, resume: false, token: 0, key: null, body: 0, patient: false },
    { kind: 'restart', how: 'reopen', jumpMs: -3_600_000 },
    { kind: 'leave', who: 0 },
    { kind: 'pass', ms: 300_000, sweep: 'all' },
  ],
};

/**
 * Random sequences of actions of a few participants in two rooms, on the port of any store. A mailbox is always ordered
 * and complete, has no duplicates, and is readable from every cursor that was ever issued and is not before the
 * acknowledged position.
 */
export function describeStoreProperties(name: string, openStore: OpenPersistentStore, runs: number): void {
  describe(name, () => {
    test.each(Object.entries(REGRESSIONS))('%s', (_, sequence) => runActions(openStore, sequence));

    test(
      `${runs} random sequences of joins, sends, reads, acknowledgements, time, restarts and roll-backs agree with the model`,
      async () => {
        await assertSequences(sequences(60), runs, (sequence) => runActions(openStore, sequence));
      },
      SEQUENCES_TIMEOUT_MS,
    );
  });
}
