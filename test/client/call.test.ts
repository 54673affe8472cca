import { afterEach, describe, expect, test } from '@jest/globals';
import { Call, type CallState, type HoldlineError, type Mailbox } from '../../src/client/index.ts';
import type { ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { closeServices, startService, type ListeningService } from '../support/holdline.ts';
import { join, next, record } from './support/client.ts';
import { FakePeer } from './support/fake-peer.ts';
import { answer, invite, openConnection, talk } from './support/rtc.ts';
import { VirtualTime } from './support/virtual-time.ts';

afterEach(cleanUp);
afterEach(closeServices);

async function two(): Promise<ListeningService & { alice: Mailbox; bob: Mailbox }> {
  const listening = await startService();
  return { ...listening, alice: await join(listening.url, 'alice'), bob: await join(listening.url, 'bob') };
}

const ufragOf = (sdp = ''): string | undefined => /a=ice-ufrag:(.*)/.exec(sdp)?.[1];

describe('a call', () => {
  test('goes through its eight steps, in order, and ends on both sides', async () => {
    const { alice, bob } = await two();
    const [toAlice, toBob] = [record(alice), record(bob)];
    const states: CallState[] = [];
    const answering = answer(bob);
    const caller = invite(alice, 'bob', { payload: { video: false } });
    caller.call.on('state', (state) => void states.push(state));
    const callee = await answering;
    await talk(caller, callee);
    caller.call.hangUp();
    expect(await callee.call.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });
    expect(await caller.call.whenEnded).toEqual({ reason: 'user_hangup', by: 'local' });

    const steps = (messages: typeof toBob): string[] =>
      messages.map(({ type }) => type).filter((type) => !/candidate|participant/.test(type));
    expect(steps(toBob)).toEqual(['invite', 'offer', 'hangup']);
    expect(steps(toAlice)).toEqual(['ringing', 'accept', 'answer']);
    expect(states).toEqual(['ringing', 'connecting', 'connected', 'ended']);
    expect(callee.call.payload).toEqual({ video: false });
    expect(new Set([...toAlice, ...toBob].filter(({ from }) => from).map(({ callId }) => callId)).size).toBe(1);
    expect(callee.talker.connection.connectionState).toBe('closed');
  });

  test('works when the callee joins after its caller', async () => {
    const { url } = await startService();
    const alice = await join(url, 'alice');
    const calling = next(alice, 'participant-joined').then(({ participantId }) => invite(alice, participantId));
    record(alice);
    const callee = answer(await join(url, 'bob'));
    await talk(await calling, await callee);
  });

  test('by two participants that call each other at once becomes one call', async () => {
    const { alice, bob } = await two();
    const asked: Call[] = [];
    for (const mailbox of [alice, bob]) Call.onInvite(mailbox, (call) => void asked.push(call));
    const [a, b] = [invite(alice, 'bob'), invite(bob, 'alice')];
    await talk(a, b);
    expect(a.call.callId).toBe(b.call.callId);
    expect(asked).toEqual([]);
  });

  test('to a participant whose invite rings here accepts that invite', async () => {
    const { alice, bob } = await two();
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const a = invite(alice, 'bob');
    const incoming = await ringing;
    const b = invite(bob, 'alice');
    expect(b.call).toBe(incoming);
    await talk(a, b);
  });

  test('can be renegotiated by both sides at once: one offer gives way, nothing is lost', async () => {
    const { alice, bob } = await two();
    const answering = answer(bob);
    const a = invite(alice, 'bob');
    const b = await answering;
    await talk(a, b);
    const offers = [a, b].map(({ talker }) => countOffers(talker.connection));
    a.talker.connection.addTransceiver('audio');
    b.talker.connection.addTransceiver('video');
    await Promise.all([a, b].map(({ talker }) => negotiated(talker.connection)));
    expect(offers.map(({ atOnce }) => atOnce)).toEqual([1, 1]);
  });

  test('survives the loss of a mailbox: it restarts ICE under the same call', async () => {
    const { alice, bob, service } = await two();
    const answering = answer(bob);
    const a = invite(alice, 'bob');
    const b = await answering;
    await talk(a, b);
    const before = ufragOf(a.talker.connection.remoteDescription?.sdp);
    const restarted = new Promise<void>((resolve) => {
      const connection = a.talker.connection;
      const setRemote = connection.setRemoteDescription.bind(connection);
      connection.setRemoteDescription = async (description) => {
        await setRemote(description);
        if (ufragOf(description.sdp) !== before) resolve();
      };
    });
    await service.store.depart('room' as RoomId, 'bob' as ParticipantId, 'timeout');
    await restarted;
    expect([a.call.state, b.call.state]).toEqual(['connected', 'connected']);
  });
});

describe('an invite', () => {
  test('can be rejected', async () => {
    const { alice, bob } = await two();
    Call.onInvite(bob, (call) => call.reject('user_busy'));
    const { call } = invite(alice, 'bob');
    expect(await call.whenEnded).toEqual({ reason: 'user_busy', by: 'remote' });
    expect(await call.whenConnected).toBe(false);
  });

  test('can be cancelled, and then not be accepted any more', async () => {
    const { alice, bob } = await two();
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const { call } = invite(alice, 'bob');
    const incoming = await ringing;
    call.cancel('answered_elsewhere');
    expect(await incoming.whenEnded).toEqual({ reason: 'answered_elsewhere', by: 'remote' });
    const connection = openConnection();
    incoming.accept(connection);
    expect(connection.signalingState).toBe('closed');
  });

  test('to a participant that is not in the room ends at once', async () => {
    const { alice } = await two();
    const { call } = invite(alice, 'nobody');
    expect(await call.whenEnded).toEqual({ reason: 'recipient-not-found', by: 'system' });
  });

  test('without an answer ends on both sides when its ring time is over', async () => {
    const { url } = await startService();
    const time = new VirtualTime();
    const [alice, bob] = [await join(url, 'alice', { timers: time }), await join(url, 'bob')];
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve, { ringTimeoutMs: 60_000 }));
    const { call } = invite(alice, 'bob', { ringTimeoutMs: 5_000 });
    await ringing;
    await time.advance(5_000);
    expect(await call.whenEnded).toEqual({ reason: 'invite_timeout', by: 'system' });
    expect(await (await ringing).whenEnded).toEqual({ reason: 'invite_timeout', by: 'remote' });
  });

  test('ends when its caller leaves the room', async () => {
    const { alice, bob } = await two();
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const { call } = invite(alice, 'bob');
    const incoming = await ringing;
    await alice.leave();
    expect(await call.whenEnded).toEqual({ reason: 'left', by: 'local' });
    expect(await incoming.whenEnded).toEqual({ reason: 'caller_gone', by: 'remote' });
  });
});

describe('a call whose first offer fails ends at once on both sides, with a reason', () => {
  const failing = () => Promise.reject(new Error('it cannot be applied'));
  const tooLarge = () => Promise.resolve({ type: 'offer', sdp: `v=0${' '.repeat(65_536)}` } as const);

  test.each([
    ['as the offer is larger than the service allows', 'too-large', (a: FakePeer) => (a.createOffer = tooLarge)],
    ['as the offer cannot be made', 'negotiation-failed', (a: FakePeer) => a.failures.set('createOffer', 1)],
    [
      'as the called side cannot apply it',
      'negotiation-failed',
      (_: FakePeer, b: FakePeer) => (b.setRemoteDescription = failing),
    ],
    ['as the answer cannot be applied', 'negotiation-failed', (a: FakePeer) => (a.setRemoteDescription = failing)],
  ])('%s: %s', async (_, reason, prepare) => {
    const { alice, bob } = await two();
    const [a, b] = [new FakePeer('a'), new FakePeer('b')];
    prepare(a, b);
    const errors: HoldlineError[] = [];
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(bob, resolve));
    const ofAlice = Call.invite(alice, { to: 'bob', peerConnection: a });
    const ofBob = await ringing;
    for (const call of [ofAlice, ofBob]) call.on('error', (error) => void errors.push(error));
    ofBob.accept(b);
    const ends = await Promise.all([ofAlice.whenEnded, ofBob.whenEnded]);
    expect(ends.map((end) => end.reason)).toEqual([reason, reason]);
    expect(ends.map(({ by }) => by).sort()).toEqual(['remote', 'system']);
    expect(errors.map(({ code }) => code)).toEqual([reason]);
  });
});

describe('messages that expired', () => {
  const restarted = (peer: FakePeer): boolean => peer.log.includes('restart');

  /** Two calls whose connections report `connected`. */
  async function connected() {
    const { url, alice, bob } = await two();
    const [a, b] = [new FakePeer('a'), new FakePeer('b')];
    const answered = next(alice, 'message', ({ type }) => type === 'answer');
    Call.onInvite(bob, (call) => {
      call.on('error', () => undefined);
      call.accept(b);
    });
    const call = Call.invite(alice, { to: 'bob', peerConnection: a });
    onCleanUp(() => call.hangUp());
    await answered;
    for (const peer of [a, b]) peer.become('connected');
    return { url, alice, bob, a, b };
  }

  test('of a third participant restart nothing', async () => {
    const { url, alice, bob, a, b } = await connected();
    const carol = await join(url, 'carol');
    const gap = next(bob, 'gap');
    const expired = next(carol, 'message', ({ type }) => type === 'message-expired');
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    bob.on('message', ({ payload }) => (payload === 'hold' ? held : undefined));
    await carol.send({ to: 'bob', type: 'custom', payload: 'hold' });
    await carol.send({ to: 'bob', type: 'custom', ttlSeconds: 1 });
    await expired;
    go();
    await gap;
    const fence = next(alice, 'message', ({ type }) => type === 'custom');
    await bob.send({ to: 'alice', type: 'custom' });
    await fence;
    expect([a, b].map(restarted)).toEqual([false, false]);
  });
});

describe('a message of another call', () => {
  test('does not affect this call', async () => {
    const { alice, bob } = await two();
    const answering = answer(bob);
    const a = invite(alice, 'bob');
    const b = await answering;
    await talk(a, b);
    const fence = next(bob, 'message', ({ type }) => type === 'custom');
    const stale = { to: 'bob', callId: 'older' } as const;
    await alice.send({ ...stale, type: 'offer', payload: { type: 'offer', sdp: 'v=0' } });
    await alice.send({ ...stale, type: 'candidate', payload: { candidate: 'candidate:nonsense' } });
    await alice.send({ ...stale, type: 'hangup' });
    await alice.send({ type: 'custom', to: 'bob' });
    await fence;
    expect(b.call.state).toBe('connected');
  });
});

/** How many `createOffer` are under way at once, at most. */
function countOffers(connection: {
  createOffer: (options?: { iceRestart?: boolean }) => Promise<{ type: string; sdp: string }>;
}) {
  const count = { now: 0, atOnce: 0 };
  const createOffer = connection.createOffer.bind(connection);
  connection.createOffer = async (options) => {
    count.now += 1;
    count.atOnce = Math.max(count.atOnce, count.now);
    try {
      return await createOffer(options);
    } finally {
      count.now -= 1;
    }
  };
  return count;
}

/** Resolves when the connection agrees on audio and video, and is at rest. */
function negotiated(connection: ReturnType<typeof openConnection>): Promise<void> {
  const isDone = (): boolean =>
    connection.signalingState === 'stable' &&
    ['m=audio', 'm=video'].every((line) => connection.remoteDescription?.sdp.includes(line));
  return new Promise((resolve) => {
    const target = connection as unknown as { addEventListener(name: string, listener: () => void): void };
    target.addEventListener('signalingstatechange', () => {
      if (isDone()) resolve();
    });
    if (isDone()) resolve();
  });
}
