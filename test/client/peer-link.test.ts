import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakePeer } from './support/fake-peer.ts';
import { LinkPair, type LinkSide } from './support/link-pair.ts';
import type { VirtualTime } from './support/virtual-time.ts';

let time: VirtualTime;
let links: LinkPair;
let caller: LinkSide;
let callee: LinkSide;
beforeEach(() => {
  pair(new LinkPair());
});

function pair(connected: LinkPair): void {
  links = connected;
  ({ time, caller, callee } = links);
}

const settle = (): Promise<void> => links.settle();
const pass = (durationMs: number): Promise<void> => links.pass(durationMs);
const errors = (): unknown[] => links.errors;
const states = (): string[] => links.states;

describe('two links', () => {
  test('exchange one offer and one answer, each ahead of the candidates that it causes', async () => {
    await settle();
    expect([caller.types, callee.types]).toEqual([
      ['offer', 'candidate'],
      ['answer', 'candidate'],
    ]);
    expect([caller.peer.added, callee.peer.added]).toEqual([['candidate:1 ufrag b1'], ['candidate:1 ufrag a1']]);
    expect(errors()).toEqual([]);
  });

  test('make one offer at a time, however often it is needed', async () => {
    for (let time = 0; time < 20; time += 1) caller.peer.fire('negotiationneeded');
    await settle();
    for (let time = 0; time < 20; time += 1) callee.peer.fire('negotiationneeded');
    await settle();
    expect([caller.peer.offersAtOnce, callee.peer.offersAtOnce]).toEqual([1, 1]);
    expect(caller.peer.log.length + callee.peer.log.length).toBeLessThan(10);
    expect(states()).toEqual(['stable', 'stable']);
  });

  test('let the caller offer first: what the called side needs goes into its answer', async () => {
    callee.peer.fire('negotiationneeded');
    await settle();
    expect(callee.peer.log).toEqual(['answer']);
  });

  test.each([
    ['known', true],
    ['left to the remote offer', false],
  ])('that offer at once: the polite side takes its offer back (rollback %s) and offers again', async (_, knows) => {
    await settle();
    callee.peer.knowsRollback = knows;
    callee.peer.fire('negotiationneeded');
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(caller.peer.log).toEqual(['offer', 'offer', 'answer']);
    expect(callee.peer.log.filter((step) => step !== 'rollback')).toEqual(['answer', 'offer', 'answer', 'offer']);
    expect(errors()).toEqual([]);
  });

  test('drop the answer to an offer that was taken back', async () => {
    await settle();
    caller.isCut = true;
    caller.peer.fire('negotiationneeded');
    await settle();
    const lost = caller.sent.find(([type, { offerId }]) => type === 'offer' && offerId === 'a2');
    caller.isCut = false;
    caller.link.restart();
    await settle();
    caller.link.receive('answer', { type: 'answer', sdp: 'v=0\r\na=ice-ufrag:old\r\n', offerId: lost?.[1].offerId });
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(caller.peer.log).toEqual(['offer', 'offer', 'rollback', 'restart']);
    expect(errors()).toEqual([]);
  });

  test('count an answer without an offerId for the pending offer', async () => {
    caller.other = undefined;
    await settle();
    caller.link.receive('answer', { type: 'answer', sdp: 'v=0\r\na=ice-ufrag:x1\r\n' });
    await settle();
    expect(caller.peer.state).toBe('stable');
  });
});

describe('messages that may have been missed', () => {
  const restarts = (): number => caller.peer.log.filter((step) => step === 'restart').length;

  test('restart ICE while there is no connection', async () => {
    await settle();
    caller.link.repair();
    await settle();
    expect(restarts()).toBe(1);
  });

  test('do not restart a working connection', async () => {
    await settle();
    caller.peer.become('connected');
    caller.link.repair();
    await pass(60_000);
    expect(restarts()).toBe(0);
  });

  test('replace an offer that waits for its answer', async () => {
    await settle();
    caller.peer.become('connected');
    callee.isCut = true;
    caller.peer.fire('negotiationneeded');
    await settle();
    callee.isCut = false;
    caller.link.repair();
    await settle();
    expect([restarts(), ...states()]).toEqual([1, 'stable', 'stable']);
  });
});

describe('a connection without `connectionState`', () => {
  test('is up, down and restarted by its `iceConnectionState`', async () => {
    pair(new LinkPair(new FakePeer('a', false)));
    await settle();
    caller.peer.become('checking');
    caller.peer.become('completed');
    caller.peer.become('disconnected');
    caller.peer.become('connected');
    expect(caller.steps).toEqual(['up', 'down', 'up']);
    caller.peer.become('failed');
    await settle();
    expect(caller.peer.log).toEqual(['offer', 'restart']);
  });
});

describe('a connection that breaks', () => {
  beforeEach(async () => {
    await settle();
    for (const { peer } of [caller, callee]) peer.become('connected');
  });

  test('for a moment is left alone', async () => {
    caller.peer.become('disconnected');
    await time.advance(3_000);
    caller.peer.become('connected');
    await time.advance(60_000);
    expect(caller.peer.log).toEqual(['offer']);
    expect(caller.steps).toEqual(['up', 'down', 'up']);
  });

  test('for good is restarted after 4 s, by the impolite side first', async () => {
    for (const { peer } of [caller, callee]) peer.become('disconnected');
    await time.advance(4_500);
    await settle();
    expect([caller.peer.log, callee.peer.log]).toEqual([
      ['offer', 'restart'],
      ['answer', 'answer'],
    ]);
    for (const { peer } of [caller, callee]) peer.become('connected');
    await time.advance(60_000);
    expect([caller.peer.log.length, callee.peer.log.length]).toEqual([2, 2]);
  });

  test('is restarted at once when it has failed', async () => {
    caller.peer.become('failed');
    await settle();
    expect(caller.peer.log).toEqual(['offer', 'restart']);
    expect(callee.peer.added).toEqual(['candidate:1 ufrag a1', 'candidate:1 ufrag a2']);
  });

  test('and stays broken is restarted some times, then given up', async () => {
    for (const { peer } of [caller, callee]) peer.become('failed');
    await time.advance(29_900);
    expect(caller.steps).toEqual(['up', 'down']);
    expect(caller.peer.log.filter((step) => step === 'restart').length).toBeLessThanOrEqual(5);
    await time.advance(200);
    expect(caller.steps).toEqual(['up', 'down', 'given up']);
    caller.link.close();
    callee.link.close();
    const offers = caller.peer.log.length;
    await time.advance(60_000);
    expect(caller.peer.log).toHaveLength(offers);
  });

  test('on both sides, which restart at the same moment, becomes stable', async () => {
    caller.link.restart();
    callee.link.restart();
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(errors()).toEqual([]);
  });

  test('while an offer waits for an answer that was lost is restarted with a new offer', async () => {
    caller.isCut = true;
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['have-local-offer', 'stable']);
    caller.isCut = false;
    caller.link.restart();
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
  });
});

describe('a connection that never comes up', () => {
  test('is given up after its time', async () => {
    await time.advance(30_100);
    expect(caller.steps).toEqual(['given up']);
  });
});

describe('a closed link', () => {
  test('leaves no listener at its peer connection', async () => {
    await settle();
    caller.link.close();
    expect(caller.peer.listeners).toBe(0);
  });
});
