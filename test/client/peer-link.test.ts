import { beforeEach, describe, expect, test } from '@jest/globals';
import { PeerLink } from '../../src/client/peer-link.ts';
import { FakePeer } from './support/fake-peer.ts';
import { VirtualTime } from './support/virtual-time.ts';

type Sent = readonly [type: string, payload: Record<string, unknown>];

/** One side: a link on a fake connection, and what it did. */
class Side {
  readonly peer: FakePeer;
  readonly link: PeerLink;
  readonly sent: Sent[] = [];
  readonly steps: string[] = [];
  readonly errors: unknown[] = [];
  other: Side | undefined;
  /** Holds messages back instead of delivering them. */
  isCut = false;
  #ids = 0;

  constructor(name: string, polite: boolean, offers: boolean, peer = new FakePeer(name)) {
    this.peer = peer;
    this.link = new PeerLink(peer, offers, {
      polite,
      timers: time,
      timeoutMs: 30_000,
      newId: () => `${name}${(this.#ids += 1)}`,
      send: (type, payload) => this.#send([type, payload]),
      up: () => void this.steps.push('up'),
      down: () => void this.steps.push('down'),
      giveUp: () => void this.steps.push('given up'),
      fail: (error) => void this.errors.push(error),
    });
  }

  get types(): string[] {
    return this.sent.map(([type]) => type);
  }

  #send(message: Sent): void {
    this.sent.push(message);
    if (!this.isCut) this.other?.link.receive(...message);
  }
}

let time: VirtualTime;
let caller: Side;
let callee: Side;
beforeEach(() => {
  time = new VirtualTime();
  pair();
});

/** The caller is impolite, as its id sorts first. */
function pair(callerPeer = new FakePeer('a'), calleePeer = new FakePeer('b')): void {
  caller = new Side('a', false, true, callerPeer);
  callee = new Side('b', true, false, calleePeer);
  caller.other = callee;
  callee.other = caller;
}

/** Many turns, as descriptions take some each. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await time.advance(1);
}

const errors = (): unknown[] => [...caller.errors, ...callee.errors];
const states = (): string[] => [caller.peer.state, callee.peer.state];

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

  test('take a peer that repeats no offerId at its word', async () => {
    caller.other = undefined;
    await settle();
    caller.link.receive('answer', { type: 'answer', sdp: 'v=0\r\na=ice-ufrag:x1\r\n' });
    await settle();
    expect(caller.peer.state).toBe('stable');
  });
});

describe('a candidate', () => {
  test('that overtakes its description waits for it', async () => {
    callee.link.receive('candidate', { candidate: 'candidate:7 ufrag a1', sdpMid: '0' });
    await settle();
    expect(callee.peer.added).toEqual(['candidate:7 ufrag a1', 'candidate:1 ufrag a1']);
  });

  test('of the next generation waits for the restart that it belongs to', async () => {
    await settle();
    callee.link.receive('candidate', { candidate: 'candidate:8 ufrag a2', usernameFragment: 'a2' });
    await settle();
    expect(callee.peer.added).toEqual(['candidate:1 ufrag a1']);
    caller.link.restart();
    await settle();
    expect(callee.peer.added).toContain('candidate:8 ufrag a2');
    expect(errors()).toEqual([]);
  });

  test('that is nonsense, and came before the offer, keeps nobody from answering', async () => {
    callee.link.receive('candidate', { candidate: 'nonsense' });
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(callee.peer.added).toEqual(['candidate:1 ufrag a1']);
    expect(callee.errors).toHaveLength(1);
  });

  test('that does not belong to the call is told as an error, and ends nothing', async () => {
    await settle();
    callee.link.receive('candidate', { candidate: 'nonsense' });
    await settle();
    expect(callee.errors).toHaveLength(1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
  });

  test('"no more" is no error where that is not known', async () => {
    await settle();
    callee.link.receive('candidate', { candidate: '' });
    await settle();
    expect(errors()).toEqual([]);
  });

  test('never found ends as end of candidates', async () => {
    await settle();
    caller.peer.fire('icecandidate', { candidate: null });
    await settle();
    expect(caller.sent.at(-1)).toEqual(['candidate', { candidate: '' }]);
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

  test('and stays broken is tried again some times, then given up', async () => {
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

  test('on both sides, which restart at the same moment, comes to rest', async () => {
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

describe('at the end', () => {
  test('a connection has no listener left', async () => {
    await settle();
    caller.link.close();
    expect(caller.peer.listeners).toBe(0);
  });
});
