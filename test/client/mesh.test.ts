import { afterEach, describe, expect, test } from '@jest/globals';
import { Call, Mesh, type HoldlineError, type Mailbox } from '../../src/client/index.ts';
import type { ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { join, next, nextMessage } from './support/client.ts';
import { FakePeer } from './support/fake-peer.ts';
import { Talker } from './support/rtc.ts';
import { VirtualTime } from './support/virtual-time.ts';

afterEach(cleanUp);
afterEach(closeServices);

/** One participant of a conference, and the participants that it has heard. */
class Conferee {
  readonly mesh: Mesh;
  readonly mailbox: Mailbox;
  readonly #calls: Call[] = [];
  readonly #talkers = new Map<string, Talker>();
  #waiting: (() => void)[] = [];

  constructor(mailbox: Mailbox) {
    this.mailbox = mailbox;
    this.mesh = new Mesh(mailbox, { peerConnection: (participantId) => this.#open(participantId) });
    this.mesh.on('call', (call) => {
      this.#calls.push(call);
      // Before its connection is closed: what is cleaned up last was opened first.
      onCleanUp(() => call.hangUp());
      for (const go of this.#waiting.splice(0)) go();
    });
  }

  /** Connected with the other, and greeted by it. */
  async heard(other: string): Promise<void> {
    const isOpen = (call: Call): boolean => call.remote === other && call.state !== 'ended';
    while (!this.#calls.some(isOpen)) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    expect(await this.#calls.findLast(isOpen)?.whenConnected).toBe(true);
    expect(await this.#talkers.get(other)?.greeting).toBe(other);
  }

  #open(participantId: string) {
    const talker = new Talker(this.mailbox.participantId);
    this.#talkers.set(participantId, talker);
    // The participant whose name sorts first opens the channel, no matter which side calls.
    return (this.mailbox.participantId < participantId ? talker.open() : talker).connection;
  }
}

const confer = async (url: string, name: string): Promise<Conferee> => new Conferee(await join(url, name));

const connected = (...all: Conferee[]): Promise<unknown> =>
  Promise.all(
    all.flatMap((one) => all.filter((other) => other !== one).map((other) => one.heard(other.mailbox.participantId))),
  );

describe('a mesh', () => {
  test('connects three that join one after the other, and goes on when one leaves', async () => {
    const { url } = await startService();
    const [alice, bob] = [await confer(url, 'alice'), await confer(url, 'bob')];
    await connected(alice, bob);
    const carol = await confer(url, 'carol');
    await connected(alice, bob, carol);
    const gone = next(alice.mailbox, 'participant-left');
    await bob.mailbox.leave();
    await gone;
    expect([...alice.mesh.calls.keys()]).toEqual(['carol']);
    expect(carol.mesh.calls.get('alice')?.state).toBe('connected');
  });

  test('connects three that join at the same time', async () => {
    const { url } = await startService();
    const all = await Promise.all(['alice', 'bob', 'carol'].map((name) => confer(url, name)));
    await connected(...all);
  });

  test('takes one back that starts anew, without waiting for the old connection to fail', async () => {
    const { url, service } = await startService();
    const [alice, bob] = [await confer(url, 'alice'), await confer(url, 'bob')];
    await connected(alice, bob);
    const old = alice.mesh.calls.get('bob');
    await bob.mailbox.close();
    await service.store.depart('room' as RoomId, 'bob' as ParticipantId, 'timeout');
    const again = await confer(url, 'bob');
    await connected(alice, again);
    expect(old?.state).toBe('ended');
  });

  test('calls everybody again when its own participant comes back after its idle time', async () => {
    const { url, service } = await startService();
    const alice = await join(url, 'alice');
    meshOf(alice);
    const bob = await join(url, 'bob');
    const invited = nextMessage(bob, 'invite');
    await service.store.depart('room' as RoomId, 'alice' as ParticipantId, 'timeout');
    expect(await invited).toMatchObject({ from: 'alice', payload: { mesh: true } });
  });

  test('tries again from the called side, too, when the link of its caller failed', async () => {
    const { url } = await startService();
    const time = new VirtualTime();
    const alice = await join(url, 'alice', { timers: time });
    // By whose clock Bob comes later.
    await time.advance(60_000);
    const bob = await join(url, 'bob');
    const { mesh } = meshOf(alice);
    const accepted = nextMessage(bob, 'accept');
    await bob.send({ type: 'invite', to: 'alice', callId: 'c1', payload: { mesh: true } });
    await accepted;
    const over = ended(mesh.calls.get('bob'));
    await bob.send({ type: 'hangup', to: 'alice', callId: 'c1', payload: { reason: 'ice_timeout' } });
    await over;
    const invited = nextMessage(bob, 'invite');
    await time.advance(10_000);
    expect(await invited).toMatchObject({ from: 'alice' });
  });

  test('calls the others, too, when the connection to one cannot be made', async () => {
    const { url } = await startService();
    const [bob, carol, alice] = [await join(url, 'bob'), await join(url, 'carol'), await join(url, 'alice')];
    const invited = Promise.all([carol].map((mailbox) => nextMessage(mailbox, 'invite')));
    const mesh = new Mesh(alice, {
      peerConnection: (participantId) => {
        if (participantId === bob.participantId) throw new Error('no more connections');
        return new FakePeer('alice');
      },
    });
    const error = new Promise<HoldlineError>((resolve) => void mesh.on('error', resolve));
    await invited;
    expect(await error).toMatchObject({ code: 'listener-failed', cause: { message: 'no more connections' } });
  });

  test('asks again every 9 s for a connection that could not be made', async () => {
    const { url } = await startService();
    const time = new VirtualTime();
    await join(url, 'bob');
    const alice = await join(url, 'alice', { timers: time });
    let failures = 3;
    const askedAtMs: number[] = [];
    const startedAtMs = time.now();
    const mesh = new Mesh(alice, {
      peerConnection: () => {
        askedAtMs.push(time.now() - startedAtMs);
        failures -= 1;
        if (failures >= 0) throw new Error('the camera is busy');
        return new FakePeer('alice');
      },
    });
    mesh.on('error', () => undefined);
    onCleanUp(() => mesh.close());
    await time.advance(60_000);
    expect(askedAtMs).toEqual([0, 9_000, 18_000, 27_000]);
    expect([...mesh.calls.keys()]).toEqual(['bob']);
  });

  test('rejects a call for which no connection can be made, and calls back later', async () => {
    const { url } = await startService();
    const time = new VirtualTime();
    const alice = await join(url, 'alice', { timers: time });
    let isBusy = true;
    const mesh = new Mesh(alice, {
      peerConnection: () => {
        if (isBusy) throw new Error('the camera is busy');
        return new FakePeer('alice');
      },
    });
    mesh.on('error', () => undefined);
    onCleanUp(() => mesh.close());
    // By whose clock Bob comes later.
    await time.advance(60_000);
    const bob = await join(url, 'bob');
    const rejected = nextMessage(bob, 'reject');
    await bob.send({ type: 'invite', to: 'alice', callId: 'c1', payload: { mesh: true } });
    expect(await rejected).toMatchObject({ callId: 'c1', payload: { reason: 'user_media_failed' } });
    isBusy = false;
    const invited = nextMessage(bob, 'invite');
    await time.advance(9_000);
    expect(await invited).toMatchObject({ from: 'alice', payload: { mesh: true } });
  });

  test('calls again when the other side has lost the call', async () => {
    const { url } = await startService();
    const time = new VirtualTime();
    const bob = await join(url, 'bob');
    const alice = await join(url, 'alice', { timers: time });
    meshOf(alice);
    const invited = nextMessage(bob, 'invite');
    await time.advance(0);
    const { callId } = await invited;
    const over = new Promise<void>((resolve) => {
      alice.on('message', ({ type }) => {
        if (type === 'hangup') resolve();
      });
    });
    await bob.send({ type: 'hangup', to: 'alice', callId, payload: { reason: 'unknown_call' } });
    await over;
    const again = nextMessage(bob, 'invite');
    await time.advance(3_000);
    expect(await again).toMatchObject({ from: 'alice' });
  });

  test('leaves alone what rings for its user', async () => {
    const { url } = await startService();
    const alice = await join(url, 'alice');
    const bob = await join(url, 'bob');
    const ringing = new Promise<Call>((resolve) => void Call.onInvite(alice, resolve));
    Call.invite(bob, { to: 'alice', peerConnection: new FakePeer('bob') });
    const call = await ringing;
    const invited = next(bob, 'message', ({ type, payload }) => type === 'invite' && isMesh(payload));
    meshOf(alice);
    await invited;
    expect(call.state).toBe('incoming');
  });
});

const isMesh = (payload: unknown): boolean => (payload as { mesh?: boolean }).mesh === true;

/** Whose connections never come up. */
function meshOf(mailbox: Mailbox): { mesh: Mesh } {
  const mesh = new Mesh(mailbox, { peerConnection: () => new FakePeer(mailbox.participantId) });
  mesh.on('call', (call) => void call.on('error', () => undefined));
  onCleanUp(() => mesh.close());
  return { mesh };
}

const ended = (call: Call | undefined): Promise<unknown> => call?.whenEnded ?? Promise.reject(new Error('no call'));
