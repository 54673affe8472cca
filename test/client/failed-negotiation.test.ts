import { beforeEach, describe, expect, test } from '@jest/globals';
import { LinkPair, type LinkSide } from './support/link-pair.ts';
import type { VirtualTime } from './support/virtual-time.ts';

let time: VirtualTime;
let links: LinkPair;
let caller: LinkSide;
let callee: LinkSide;
beforeEach(() => {
  links = new LinkPair();
  ({ time, caller, callee } = links);
});

const settle = (): Promise<void> => links.settle();
const pass = (durationMs: number): Promise<void> => links.pass(durationMs);
const errors = (): unknown[] => links.errors;
const states = (): string[] => links.states;

describe('a later negotiation that fails', () => {
  beforeEach(async () => {
    await settle();
    for (const { peer } of [caller, callee]) peer.become('connected');
    for (const side of [caller, callee]) side.peer.log.length = 0;
  });

  const offersOf = ({ peer }: LinkSide): number => peer.log.filter((step) => step === 'offer').length;

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

  test.each(['caller', 'callee'] as const)('because the offer of the %s is not sent is rolled back', async (name) => {
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

  test('because an offer is not answered in 10 s is rolled back, and repeated after a pause', async () => {
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

  test('ignores an answer that comes too late: the next offer succeeds', async () => {
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

  test('because the other side cannot apply the offer is rolled back at once on both sides', async () => {
    callee.peer.failures.set('setRemoteDescription', 1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(errors()).toHaveLength(2);
    await pass(30_000);
    await expectSound();
  });

  test('because the other side cannot create an answer is rolled back at once on both sides', async () => {
    callee.peer.failures.set('createAnswer', 1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    await pass(30_000);
    await expectSound();
  });

  test('because the answer cannot be applied, or is not sent, is repeated after a pause', async () => {
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

  test.each(['createOffer', 'setLocalDescription'] as const)('because %s fails', async (step) => {
    caller.peer.failures.set(step, 1);
    await settle();
    expect(caller.aborted).toEqual([new Error(`${step} failed`)]);
  });

  test('because the offer is not sent', async () => {
    caller.refusals.set('offer', failing);
    await settle();
    expect([caller.aborted, caller.errors]).toEqual([[failing], []]);
  });

  test.each(['setRemoteDescription', 'createAnswer'] as const)('because %s fails at the called side', async (step) => {
    callee.peer.failures.set(step, 1);
    await settle();
    expect(callee.aborted).toEqual([new Error(`${step} failed`)]);
  });

  test('because the answer is not sent', async () => {
    callee.refusals.set('answer', failing);
    await settle();
    expect(callee.aborted).toEqual([failing]);
  });

  test('because the answer cannot be applied', async () => {
    caller.peer.failures.set('setRemoteDescription', 1);
    await settle();
    expect(caller.aborted).toEqual([new Error('setRemoteDescription failed')]);
  });
});
