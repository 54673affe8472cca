import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Call, Mesh, type Mailbox } from '../../src/client/index.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { join, next, nextMessage, record } from './support/client.ts';
import { FakePeer } from './support/fake-peer.ts';
import { VirtualTime } from './support/virtual-time.ts';

let url: string;
let alice: Mailbox;
let bob: Mailbox;
beforeEach(async () => {
  ({ url } = await startService());
  [alice, bob] = [await join(url, 'alice'), await join(url, 'bob')];
});
afterEach(cleanUp);
afterEach(closeServices);

/** Everything that Alice sent before has been handled by Bob, and his answers by her. */
async function settled(): Promise<void> {
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const fence = nextMessage(to, 'custom');
    await from.send({ type: 'custom', to: to.participantId });
    await fence;
  }
}

const peerOf = ({ participantId }: Mailbox): FakePeer => new FakePeer(participantId);

/** Calls whose connections report `connected`. */
async function connect(): Promise<{ ofAlice: Call; ofBob: Call; calls: Call[] }> {
  const calls: Call[] = [];
  const ringing = new Promise<Call>((resolve) => {
    Call.onInvite(bob, (call) => {
      calls.push(call);
      resolve(call);
    });
  });
  const [a, b] = [peerOf(alice), peerOf(bob)];
  const ofAlice = Call.invite(alice, { to: 'bob', peerConnection: a });
  const ofBob = await ringing;
  const answered = nextMessage(alice, 'answer');
  ofBob.accept(b);
  await answered;
  for (const peer of [a, b]) peer.become('connected');
  expect([ofAlice.state, ofBob.state]).toEqual(['connected', 'connected']);
  onCleanUp(() => [ofAlice, ofBob].forEach((call) => call.hangUp()));
  return { ofAlice, ofBob, calls };
}

describe('an invite of the participant with whom a call is up', () => {
  test('ends the old call as replaced and rings, although the app rejects when it is busy', async () => {
    const { ofBob, calls } = await connect();
    Call.onInvite(bob, (call) => {
      if (ofBob.state !== 'ended') call.reject('user_busy');
    });
    const ringing = nextMessage(alice, 'ringing');
    // Alice has reloaded: she knows nothing of the old call.
    await alice.send({ type: 'invite', to: 'bob', callId: 'second' });
    expect(await ofBob.whenEnded).toEqual({ reason: 'replaced', by: 'remote' });
    expect(await ringing).toMatchObject({ callId: 'second' });
    await settled();
    expect(calls.map(({ callId, state }) => [callId, state])).toEqual([
      [ofBob.callId, 'ended'],
      ['second', 'incoming'],
    ]);
  });

  test('takes the place of one that rings already', async () => {
    const calls: Call[] = [];
    Call.onInvite(bob, (call) => void calls.push(call));
    const rejected = nextMessage(alice, 'reject');
    for (const callId of ['first', 'second']) await alice.send({ type: 'invite', to: 'bob', callId });
    expect(await rejected).toMatchObject({ callId: 'first', payload: { reason: 'replaced' } });
    expect(calls.map(({ callId, state }) => [callId, state])).toEqual([
      ['first', 'ended'],
      ['second', 'incoming'],
    ]);
  });

  test('of a mesh leaves the call of its user alone', async () => {
    const { ofBob } = await connect();
    const mesh = new Mesh(bob, { peerConnection: () => peerOf(bob) });
    onCleanUp(() => mesh.close());
    const accepted = nextMessage(alice, 'accept');
    // Sorts before the id with which Bob's mesh calls Alice.
    await alice.send({ type: 'invite', to: 'bob', callId: '-mesh', payload: { mesh: true } });
    expect(await accepted).toMatchObject({ callId: '-mesh' });
    expect(ofBob.state).toBe('connected');
  });

  test('that is repeated under its call id rings once', async () => {
    const calls: Call[] = [];
    Call.onInvite(bob, (call) => void calls.push(call));
    for (const callId of ['abc', 'ABC']) await alice.send({ type: 'invite', to: 'bob', callId });
    await settled();
    expect(calls).toHaveLength(1);
  });
});

describe('a call to a participant with whom one is up', () => {
  test('is that call, and the new connection is closed', async () => {
    const { ofAlice } = await connect();
    const unused = peerOf(alice);
    expect(Call.invite(alice, { to: 'bob', peerConnection: unused })).toBe(ofAlice);
    expect([unused.state, ofAlice.state]).toEqual(['closed', 'connected']);
  });
});

describe('a message of an unknown call', () => {
  const OFFER = { type: 'offer', payload: { type: 'offer', sdp: 'v=0' } } as const;
  const ANSWER = { type: 'answer', payload: { type: 'answer', sdp: 'v=0' } } as const;
  const CANDIDATE = { type: 'candidate', payload: { candidate: '' } } as const;
  const lost = { to: 'bob', callId: 'lost' } as const;

  test.each([OFFER, ANSWER, CANDIDATE])('ends it at the other side: $type', async (message) => {
    const hungUp = nextMessage(alice, 'hangup');
    Call.onInvite(bob, () => undefined);
    await alice.send({ ...message, ...lost });
    expect(await hungUp).toMatchObject({ callId: 'lost', payload: { reason: 'unknown_call' } });
  });

  test('is answered once, and one of another call for itself', async () => {
    const toAlice = record(alice);
    Call.onInvite(bob, () => undefined);
    const mesh = new Mesh(bob, { peerConnection: () => peerOf(bob) });
    onCleanUp(() => mesh.close());
    for (const callId of ['lost', 'LOST', 'other', 'lost']) await alice.send({ ...OFFER, to: 'bob', callId });
    await settled();
    expect(toAlice.filter(({ type }) => type === 'hangup').map(({ callId }) => callId)).toEqual(['lost', 'other']);
  });

  test('is answered again after a minute', async () => {
    const time = new VirtualTime();
    const carol = await join(url, 'carol', { timers: time });
    Call.onInvite(carol, () => undefined);
    const hungUp = nextMessage(alice, 'hangup');
    await alice.send({ ...OFFER, to: 'carol', callId: 'lost' });
    await hungUp;
    await time.advance(60_000);
    const again = nextMessage(alice, 'hangup');
    await alice.send({ ...OFFER, to: 'carol', callId: 'lost' });
    expect(await again).toMatchObject({ from: 'carol', callId: 'lost' });
  });

  test('is not answered when it ends a call, when the call has just ended, or when no app takes calls', async () => {
    const toAlice = record(alice);
    record(bob);
    await alice.send({ ...OFFER, ...lost });
    await settled();
    const stop = Call.onInvite(bob, (call) => call.reject());
    const rejected = nextMessage(alice, 'reject');
    await alice.send({ type: 'invite', to: 'bob', callId: 'rejected' });
    await rejected;
    await alice.send({ ...OFFER, to: 'bob', callId: 'rejected' });
    for (const type of ['hangup', 'cancel', 'reject'] as const) await alice.send({ type, ...lost });
    await settled();
    stop();
    await alice.send({ ...OFFER, ...lost });
    await settled();
    expect(toAlice.filter(({ type }) => type === 'hangup')).toEqual([]);
  });
});

describe('the id of a call', () => {
  test('is a lower-case UUID by default', () => {
    const call = Call.invite(alice, { to: 'bob', peerConnection: peerOf(alice) });
    onCleanUp(() => call.hangUp());
    expect(call.callId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is compared without regard to case, and repeated as it came', async () => {
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const rang = nextMessage(alice, 'ringing');
    await alice.send({ type: 'invite', to: 'bob', callId: 'AbCd' });
    expect(await rang).toMatchObject({ callId: 'AbCd' });
    const call = await ringing;
    await alice.send({ type: 'cancel', to: 'bob', callId: 'aBcD' });
    expect(await call.whenEnded).toMatchObject({ by: 'remote' });
  });

  test.each([
    ['b', 'A', 'A'],
    ['a', 'B', 'a'],
    ['same', 'same', 'same'],
  ])('decides between two invites that cross: %s of Alice and %s of Bob become %s', async (ofAlice, ofBob, agreed) => {
    const accepted = Promise.race([nextMessage(alice, 'accept'), nextMessage(bob, 'accept')]);
    const calls = [
      Call.invite(alice, { to: 'bob', callId: ofAlice, peerConnection: peerOf(alice) }),
      Call.invite(bob, { to: 'alice', callId: ofBob, peerConnection: peerOf(bob) }),
    ];
    onCleanUp(() => calls.forEach((call) => call.hangUp()));
    expect(await accepted).toMatchObject({ callId: agreed });
    await next(alice, 'message', ({ type }) => type === 'offer' || type === 'answer');
    expect(calls.map(({ callId, state }) => [callId, state])).toEqual([
      [agreed, 'connecting'],
      [agreed, 'connecting'],
    ]);
  });
});
