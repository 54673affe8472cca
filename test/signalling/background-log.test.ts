import { describe, expect, test } from '@jest/globals';
import { BackgroundLog } from '../../src/signalling/background-log.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { TestClock } from '../support/clock.ts';

const UNAVAILABLE = new SignallingError('storage-unavailable', 'It cannot be used now.');

function background() {
  const lines: string[] = [];
  const clock = new TestClock();
  const write = (fields: object, text: string): void => {
    lines.push('unavailableMs' in fields ? `${text} after ${String(fields.unavailableMs)} ms` : text);
  };
  return { lines, clock, log: new BackgroundLog({ info: write, error: write }, clock) };
}

describe('the log of background work', () => {
  test('has one line when an outage of the store begins and one when it is over, however many operations fail', async () => {
    const { lines, clock, log } = background();
    log.checkFailed(UNAVAILABLE);
    for (let sweep = 0; sweep < 10; sweep += 1) {
      log.sweepFailed(UNAVAILABLE);
      log.checkFailed(UNAVAILABLE);
      await clock.advance(500);
    }
    log.swept();
    log.checkPassed();
    log.swept();
    expect(lines).toEqual(['the store is unavailable', 'the store is available again after 5000 ms']);
  });

  test('has one line when the service is not ready although its store works, and one when it is ready again', () => {
    const { lines, log } = background();
    for (let check = 0; check < 3; check += 1) {
      log.checkFailed(UNAVAILABLE);
      log.swept();
    }
    log.checkPassed();
    log.checkPassed();
    expect(lines).toEqual(['the service is not ready', 'the service is ready again']);
  });

  test('has no line for a readiness check that fails once and passes before the next sweep', () => {
    const { lines, log } = background();
    log.checkFailed(UNAVAILABLE);
    log.checkPassed();
    log.swept();
    expect(lines).toEqual([]);
  });

  test('has a line for a request that the store refused while it works, and none during an outage', () => {
    const { lines, log } = background();
    log.requestRefused({});
    log.swept();
    expect(lines).toEqual(['request failed']);
    log.requestRefused({});
    log.sweepFailed(UNAVAILABLE);
    log.requestRefused({});
    log.swept();
    expect(lines.slice(1)).toEqual(['the store is unavailable', 'the store is available again after 0 ms']);
  });

  test('has a line for every error that is not an outage', () => {
    const { lines, log } = background();
    for (let sweep = 0; sweep < 2; sweep += 1) log.sweepFailed(new TypeError('a fault of ours'));
    expect(lines).toEqual(['background work failed', 'background work failed']);
  });
});
