import { expect, test } from '@jest/globals';
import type { OpenPersistentStore } from '../support/store.ts';
import { assertSequences, SEQUENCES_TIMEOUT_MS } from './assert-sequences.ts';
import { sequences } from './polls/actions.ts';
import { runActions } from './polls/run-actions.ts';

/** Random sequences of actions of a few clients, whose polls and sockets the real rules serve, on any store. */
export function testPolls(name: string, openStore: OpenPersistentStore, runs: number): void {
  test(
    `${name}: ${runs} random sequences of polls and sockets that are held, race, displace each other, are cut, drained and restarted lose, double and reorder no message`,
    async () => {
      await assertSequences(sequences(60), runs, (sequence) => runActions(openStore, sequence));
      expect.assertions(0);
    },
    SEQUENCES_TIMEOUT_MS,
  );
}
