import { afterEach, describe, expect, test } from '@jest/globals';
import { Mesh, type Call, type Mailbox } from '../../src/client/index.ts';
import type { ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { join, next } from './support/client.ts';
import { Talker } from './support/rtc.ts';

afterEach(cleanUp);
afterEach(closeServices);

/** One participant of a conference, and whom it has heard. */
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
    // The one whose name sorts first opens the channel, whoever calls.
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
  }, 30_000);

  test('connects three that join at the same time', async () => {
    const { url } = await startService();
    const all = await Promise.all(['alice', 'bob', 'carol'].map((name) => confer(url, name)));
    await connected(...all);
  }, 30_000);

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
  }, 30_000);
});
