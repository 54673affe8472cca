import { beforeEach, describe, expect, test } from '@jest/globals';
import { Call, joinRoom, type CallEnd, type HoldlineError, type Mailbox } from '../../src/client/index.ts';
import { FakePeer } from './support/fake-peer.ts';
import { batch, forever, HostileServer, json, message } from './support/hostile-server.ts';

let server: HostileServer;
let mailbox: Mailbox;
let failures: HoldlineError[];
beforeEach(async () => {
  server = new HostileServer();
  failures = [];
  const other = { participantId: 'other', joinedAt: '2026-11-22T09:30:00.125Z', listening: true };
  server.on('join', () => json(201, server.joinResult({ participants: [other] })));
  mailbox = await joinRoom(server.options);
  mailbox.on('error', (error) => void failures.push(error));
});

const ofCall = (type: string, payload?: unknown) => message(type, { callId: 'c1', payload });
const roomEvent = (type: string, payload: unknown) => message(type, { from: undefined, payload });

/** What the app sees of one incoming call that it accepts, while these messages arrive; the first is its invite. */
async function accepted(...messages: unknown[]) {
  const peer = new FakePeer('b');
  const errors: HoldlineError[] = [];
  const ends: CallEnd[] = [];
  const calls: Call[] = [];
  Call.onInvite(mailbox, (call) => {
    calls.push(call);
    call.on('error', (error) => void errors.push(error));
    call.on('ended', (end) => void ends.push(end));
    call.accept(peer);
  });
  // The invite comes alone: a hangup in its batch would take it back before it rings.
  const [invite, ...rest] = messages;
  server.script(
    'poll',
    () => batch('c1', invite),
    () => batch('c2', ...rest),
    forever,
  );
  for (let turn = 0; turn < 60; turn += 1) await server.time.advance(1);
  return { peer, errors, ends, calls };
}

const ALIVE: unknown[] = [];

describe('a payload of another client', () => {
  test.each(['text', 5, null, undefined])('of an invite that is %j counts as one without fields', async (payload) => {
    const { calls } = await accepted(ofCall('invite', payload));
    expect(calls.map((call) => call.payload)).toEqual([{}]);
  });

  test.each([5, null, {}, undefined])('of a first offer whose `sdp` is %j ends the call', async (sdp) => {
    const { errors, ends } = await accepted(ofCall('invite'), ofCall('offer', { type: 'offer', sdp }));
    expect(ends).toEqual([{ reason: 'negotiation-failed', by: 'system' }]);
    expect(errors).toMatchObject([{ code: 'negotiation-failed', cause: { message: 'malformed offer' } }]);
  });

  test.each(['text', 5, null])('of a first offer that is %j ends the call', async (payload) => {
    const { ends } = await accepted(ofCall('invite'), ofCall('offer', payload));
    expect(ends).toEqual([{ reason: 'negotiation-failed', by: 'system' }]);
  });

  test.each([5, {}, []])('of a candidate that is %j is an error, and the call continues', async (candidate) => {
    const { errors, ends } = await accepted(ofCall('invite'), ofCall('candidate', { candidate }));
    expect(errors).toMatchObject([{ code: 'negotiation-failed', cause: { message: 'malformed candidate' } }]);
    expect(ends).toEqual(ALIVE);
  });

  test.each([5, {}, null])('of a hangup whose `reason` is %j ends the call as `hangup`', async (reason) => {
    const { ends } = await accepted(ofCall('invite'), ofCall('hangup', { reason }));
    expect(ends).toEqual([{ reason: 'hangup', by: 'remote' }]);
  });

  test.each([5, 'text', null, { offerFailed: null }])(
    'of a custom message that is %j is left to the app',
    async (payload) => {
      const { errors, ends } = await accepted(ofCall('invite'), ofCall('custom', payload));
      expect([errors, ends]).toEqual([ALIVE, ALIVE]);
    },
  );
});

describe('a malformed room event', () => {
  test.each([
    ['participant-left', null],
    ['participant-left', { participantId: 5 }],
    ['participant-joined', { participant: 'other' }],
    ['participant-joined', { participant: { participantId: 5 } }],
    ['message-expired', 'text'],
    ['message-expired', { to: 'other', callId: 5, type: 'invite' }],
    ['message-expired', { to: 'other', callId: 'c1', type: {} }],
  ])('%s with the payload %j changes nothing', async (type, payload) => {
    const { errors, ends } = await accepted(ofCall('invite'), roomEvent(type, payload));
    expect([errors, ends, failures]).toEqual([ALIVE, ALIVE, ALIVE]);
    expect(mailbox.participants.map(({ participantId }) => participantId)).toEqual(['other']);
  });
});
