import { beforeEach, describe, expect, test } from '@jest/globals';
import { PeerLink } from '../../src/client/peer-link.ts';
import { Runtime } from '../../src/client/runtime.ts';
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
  readonly aborted: unknown[] = [];
  /** What sending a message of that type rejects with. */
  readonly refusals = new Map<string, Error>();
  other: Side | undefined;
  /** Holds messages back instead of delivering them. */
  isCut = false;
  #ids = 0;

  constructor(name: string, polite: boolean, offers: boolean, peer = new FakePeer(name)) {
    this.peer = peer;
    const runtime = new Runtime({ timers: time });
    this.link = new PeerLink(peer, offers, {
      polite,
      runtime: {
        after: (delayMs, callback) => runtime.after(delayMs, callback),
        newId: () => `${name}${(this.#ids += 1)}`,
      },
      timeoutMs: 30_000,
      send: ({ type, payload }) => this.#send([type, { ...(payload as object) }]),
      abort: (error) => void this.aborted.push(error),
      up: () => void this.steps.push('up'),
      down: () => void this.steps.push('down'),
      giveUp: () => void this.steps.push('given up'),
      fail: (error) => void this.errors.push(error),
    });
  }

  get types(): string[] {
    return this.sent.map(([type]) => type);
  }

  async #send(message: Sent): Promise<void> {
    const refusal = this.refusals.get(message[0]);
    if (refusal !== undefined) throw refusal;
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

/** Lets the time pass in steps, in each of which descriptions have their turns. */
async function pass(durationMs: number): Promise<void> {
  await settle();
  for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
    await time.advance(100);
    for (let turn = 0; turn < 12; turn += 1) await time.advance(0);
  }
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

describe('a later negotiation that fails', () => {
  beforeEach(async () => {
    await settle();
    for (const { peer } of [caller, callee]) peer.become('connected');
    for (const side of [caller, callee]) side.peer.log.length = 0;
  });

  const offersOf = ({ peer }: Side): number => peer.log.filter((step) => step === 'offer').length;

  /** Both sides can still offer, and agree each time. */
  async function expectSound(): Promise<void> {
    expect(states()).toEqual(['stable', 'stable']);
    for (const side of [callee, caller]) {
      side.peer.log.length = 0;
      side.peer.fire('negotiationneeded');
      // The pause after a failure is at most a minute.
      await pass(60_000);
      expect([side.peer.log, states()]).toEqual([['offer'], ['stable', 'stable']]);
    }
  }

  test.each(['caller', 'callee'] as const)('as the offer of the %s is not sent is rolled back', async (name) => {
    const side = name === 'caller' ? caller : callee;
    side.refusals.set('offer', new Error('too large'));
    side.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect([caller.errors, callee.errors].map(({ length }) => length)).toEqual([1, 1]);
    expect(side.errors).toEqual([new Error('too large')]);
    side.refusals.clear();
    await expectSound();
    expect([...caller.aborted, ...callee.aborted]).toEqual([]);
  });

  test('as an offer is not answered in 10 s is rolled back, and tried again after a pause', async () => {
    callee.isCut = true;
    caller.peer.fire('negotiationneeded');
    await pass(9_900);
    expect(states()).toEqual(['have-local-offer', 'stable']);
    await pass(200);
    expect(states()).toEqual(['stable', 'stable']);
    expect(caller.errors).toHaveLength(1);
    expect(callee.errors).toHaveLength(1);
    callee.isCut = false;
    await pass(30_000);
    expect(offersOf(caller)).toBe(2);
    await expectSound();
  });

  test('is left behind by an answer that comes too late: the next offer brings both together', async () => {
    callee.isCut = true;
    caller.peer.fire('negotiationneeded');
    await pass(10_100);
    const late = callee.sent.findLast(([type]) => type === 'answer');
    callee.isCut = false;
    caller.link.receive(...(late ?? (['answer', {}] as const)));
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    await pass(30_000);
    expect(offersOf(caller)).toBe(2);
    await expectSound();
  });

  test('as the other side cannot apply the offer is rolled back at once on both sides', async () => {
    callee.peer.failures.set('setRemoteDescription', 1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(errors()).toHaveLength(2);
    await pass(30_000);
    await expectSound();
  });

  test('as the other side cannot make an answer is rolled back at once on both sides', async () => {
    callee.peer.failures.set('createAnswer', 1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    await pass(30_000);
    await expectSound();
  });

  test('as the answer cannot be applied, or is not sent, is made again after a pause', async () => {
    caller.peer.failures.set('setRemoteDescription', 1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    await pass(30_000);
    await expectSound();
    callee.refusals.set('answer', new Error('too large'));
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    callee.refusals.clear();
    await pass(60_000);
    await expectSound();
  });

  test('for ever does not become a storm, although each roll-back fires negotiationneeded again', async () => {
    caller.peer.firesAfterRollback = true;
    callee.isCut = true;
    caller.peer.fire('negotiationneeded');
    for (let minute = 0; minute < 60; minute += 1) {
      await time.advance(60_000);
      await settle();
    }
    expect(offersOf(caller)).toBeGreaterThan(20);
    expect(offersOf(caller)).toBeLessThan(100);
  });
});

describe('a malformed description', () => {
  test.each([5, null, {}, undefined])('in the first offer, with the sdp %j, ends the connection', async (sdp) => {
    caller.other = undefined;
    callee.link.receive('offer', { type: 'offer', sdp });
    await settle();
    expect(callee.aborted).toEqual([new TypeError('malformed offer')]);
    expect(callee.peer.log).toEqual([]);
  });

  test.each([5, null, {}, undefined])('in the first answer, with the sdp %j, ends the connection', async (sdp) => {
    caller.other = undefined;
    await settle();
    caller.link.receive('answer', { type: 'answer', sdp });
    await settle();
    expect(caller.aborted).toEqual([new TypeError('malformed answer')]);
  });

  test.each([5, null, {}, undefined])(
    'in a later offer, with the sdp %j, leaves the connection as it was',
    async (sdp) => {
      await settle();
      callee.link.receive('offer', { type: 'offer', sdp, offerId: 'x' });
      await settle();
      expect([callee.errors, callee.aborted, states()]).toEqual([
        [new TypeError('malformed offer')],
        [],
        ['stable', 'stable'],
      ]);
      expect(callee.sent.at(-1)).toEqual(['custom', { offerFailed: 'x' }]);
    },
  );

  test('in the answer to an offer that was taken back is ignored', async () => {
    await settle();
    caller.link.receive('answer', { type: 'answer', sdp: 5, offerId: 'a0' });
    await settle();
    expect([...errors(), ...caller.aborted]).toEqual([]);
  });
});

describe('a first negotiation that fails ends the connection', () => {
  const failing = new Error('failing');

  test.each(['createOffer', 'setLocalDescription'] as const)('as %s fails', async (step) => {
    caller.peer.failures.set(step, 1);
    await settle();
    expect(caller.aborted).toEqual([new Error(`${step} failed`)]);
  });

  test('as the offer is not sent', async () => {
    caller.refusals.set('offer', failing);
    await settle();
    expect([caller.aborted, caller.errors]).toEqual([[failing], []]);
  });

  test.each(['setRemoteDescription', 'createAnswer'] as const)('as %s fails at the called side', async (step) => {
    callee.peer.failures.set(step, 1);
    await settle();
    expect(callee.aborted).toEqual([new Error(`${step} failed`)]);
  });

  test('as the answer is not sent', async () => {
    callee.refusals.set('answer', failing);
    await settle();
    expect(callee.aborted).toEqual([failing]);
  });

  test('as the answer cannot be applied', async () => {
    caller.peer.failures.set('setRemoteDescription', 1);
    await settle();
    expect(caller.aborted).toEqual([new Error('setRemoteDescription failed')]);
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

  test('leave a connection alone that works', async () => {
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
    pair(new FakePeer('a', false));
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

describe('a candidate of another stack', () => {
  async function added(payload: Record<string, unknown>): Promise<unknown[]> {
    await settle();
    callee.peer.candidates.length = 0;
    callee.link.receive('candidate', payload);
    await settle();
    return callee.peer.candidates;
  }
  const real = 'candidate:7 ufrag a1';

  test.each([
    ['of no media line belongs to the first', { sdpMid: null, sdpMLineIndex: null }, { sdpMLineIndex: 0 }],
    ['of a media line without a name goes by its index', { sdpMid: '', sdpMLineIndex: 1 }, { sdpMLineIndex: 1 }],
    ['with the index -1 goes by its name', { sdpMid: 'a', sdpMLineIndex: -1 }, { sdpMid: 'a' }],
    ['with a name alone goes by that', { sdpMid: 'a', sdpMLineIndex: null }, { sdpMid: 'a' }],
    ['with nothing but the index -1 belongs to the first', { sdpMLineIndex: -1 }, { sdpMLineIndex: 0 }],
    ['of two ways to name its line keeps both', { sdpMid: '1', sdpMLineIndex: 1 }, { sdpMid: '1', sdpMLineIndex: 1 }],
  ])('%s', async (_, sent, applied) => {
    expect(await added({ candidate: real, ...sent })).toEqual([{ candidate: real, ...applied }]);
    expect(errors()).toEqual([]);
  });

  test.each([
    ['as Licode sends it', { candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1 }],
    ['as the attribute of RFC 8838', { candidate: 'a=end-of-candidates', sdpMid: '0' }],
    ['as browsers send it', { candidate: '' }],
  ])('that ends the candidates %s does no harm', async (_, sent) => {
    expect(await added(sent)).toMatchObject([{ candidate: '' }]);
    expect(errors()).toEqual([]);
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
