import { afterEach, describe, expect, test } from '@jest/globals';
import { Call, type HoldlineError } from '../../src/client/index.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { join as joinPlainly } from '../support/member.ts';
import { FetchMember } from '../support/fetch-member.ts';
import { Peer } from '../support/peer.ts';
import { join, next, record } from './support/client.ts';
import { ReactNativePeer } from './support/react-native-peer.ts';
import { answer, invite } from './support/rtc.ts';

afterEach(cleanUp);
afterEach(closeServices);

describe('a peer connection in the shape of react-native-webrtc', () => {
  test('calls another one; both renegotiate at once; it hangs up', async () => {
    const { url } = await startService();
    const [alice, bob] = [await join(url, 'alice'), await join(url, 'bob')];
    const [a, b] = [new ReactNativePeer(), new ReactNativePeer()];
    const errors: HoldlineError[] = [];
    const answering = new Promise<Call>((resolve) => {
      Call.onInvite(bob, (incoming) => {
        incoming.on('error', (error) => void errors.push(error));
        incoming.accept(b);
        resolve(incoming);
      });
    });
    a.addStream();
    const call = Call.invite(alice, { to: 'bob', peerConnection: a });
    call.on('error', (error) => void errors.push(error));
    onCleanUp(() => call.hangUp());
    const incoming = await answering;
    expect(await Promise.all([call.whenConnected, incoming.whenConnected])).toEqual([true, true]);

    const received = record(bob);
    a.real.createDataChannel('from a');
    b.real.addTransceiver('video');
    // Each side's last word is an answer: what one needed is in the offer of the other, or in one of its own.
    const linesOf = (peer: ReactNativePeer): number => peer.real.localDescription?.sdp.match(/^m=/gm)?.length ?? 0;
    while (linesOf(a) < 3 || linesOf(b) < 3) await next(bob, 'message');
    expect(received.length).toBeGreaterThan(0);

    call.hangUp();
    expect(await incoming.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });
    expect(errors).toEqual([]);
  });
});

/** One that follows the protocol by requests of its own, and lets candidates overtake their descriptions. */
async function plainPeer(url: string): Promise<Peer> {
  const { joined } = await joinPlainly(url, 'room', 'plain');
  const peer = new Peer(new FetchMember(url, joined), { candidatesFirst: true });
  peer.listening.catch(() => undefined);
  onCleanUp(() => peer.member.leave());
  return peer;
}

describe('a third-party client that speaks the plain protocol', () => {
  test('calls, its candidates ahead of its offer', async () => {
    const { url } = await startService();
    const bob = await join(url, 'bob');
    const answering = answer(bob);
    record(bob);
    const peer = await plainPeer(url);
    await peer.call();
    const { call, talker } = await answering;
    await Promise.all([call.whenConnected, peer.reached('connected'), peer.reached('heard bob')]);
    expect(await talker.greeting).toBe('plain');
    peer.hangUp();
    expect(await call.whenEnded).toEqual({ reason: 'user_hangup', by: 'remote' });
  });

  test('is called, its candidates ahead of its answer', async () => {
    const { url } = await startService();
    const peer = await plainPeer(url);
    const alice = await join(url, 'alice');
    const { call, talker } = invite(alice, 'plain', { callId: 'call-1' });
    expect(await call.whenConnected).toBe(true);
    await peer.reached('heard alice');
    expect(await talker.greeting).toBe('plain');
    call.hangUp();
    await peer.reached('ended');
  });
});
