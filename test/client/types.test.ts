import { describe, expect, test } from '@jest/globals';
import { typeErrors } from './support/type-check.ts';

/** Compilers of apps are more or less strict than ours. */
const STRICTNESS = [
  ['strict', {}],
  ['exact optional properties', { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }],
] as const;

// That of react-native-webrtc is tried where it is installed: test/react-native.
const PEERS = `
import wrtc from '@roamhq/wrtc';
import type { PeerConnectionLike } from 'holdline/client';
export const peers: PeerConnectionLike[] = [
  new RTCPeerConnection(),
  new wrtc.RTCPeerConnection(),
];`;

const PLATFORM = `
import type { FetchLike, StorageLike, Timers } from 'holdline/client';
export const fetches: FetchLike[] = [fetch, window.fetch, (url, init) => fetch(url, init)];
const asyncStorage = {
  getItem: (key: string, _callback?: (error?: Error) => void): Promise<string | null> => Promise.resolve(key),
  setItem: (_key: string, _value: string): Promise<void> => Promise.resolve(),
  removeItem: (_key: string): Promise<void> => Promise.resolve(),
};
export const storages: StorageLike[] = [localStorage, sessionStorage, asyncStorage];
export const timers: Timers = { setTimeout, clearTimeout: (timer) => clearTimeout(timer as number), now: Date.now };`;

const SOCKETS = `
import { WebSocket as Packaged } from 'ws';
import { joinRoom, type TransportChange } from 'holdline/client';
import { socket, type WebSocketClass } from 'holdline/client/socket';
export const classes: WebSocketClass[] = [WebSocket, window.WebSocket, Packaged];
export async function use(): Promise<void> {
  const transports = [socket(), socket({ WebSocket }), socket({ WebSocket: Packaged })];
  const mailbox = await joinRoom({ roomId: 'room', transports });
  mailbox.on('transport', ({ transport, reason }: TransportChange) => console.log(transport === 'socket', reason.length));
  // @ts-expect-error: there are only two
  console.log(mailbox.transport === 'pigeon');
}`;

const USE = `
import { Call, HoldlineError, joinRoom, Mesh, type Mailbox } from 'holdline/client';
export async function use(peerConnection: RTCPeerConnection, description: RTCSessionDescription): Promise<void> {
  const mailbox: Mailbox = await joinRoom({ roomId: 'room', accessToken: async () => 'jwt' });
  const off: () => void = mailbox.on('message', async ({ id, from, type, payload, ageMs }) => {
    const known: [string, string | undefined, string, unknown, number] = [id, from, type, payload, ageMs];
    console.log(known);
  });
  mailbox.on('gap', (gap) => console.log(gap.cause === 'expired' ? gap.expired : gap.cause));
  mailbox.on('exchange', (exchange) => {
    if (exchange.kind === 'ok') console.log(exchange.operation, exchange.ageMs, exchange.body);
    else if (exchange.kind === 'problem') console.log(exchange.problem.code, exchange.retryAfterMs);
    else console.log(exchange.cause);
  });
  mailbox.on('ended', ({ reason, error }) => console.log(reason, error instanceof HoldlineError && error.problem?.status));
  for await (const { sentAt } of mailbox) console.log(sentAt.length);
  const receipt = await mailbox.send({ type: 'custom', to: 'bob', payload: [1, { two: 3 }], ttlSeconds: 30 });
  for (const { participantId, listening } of receipt.recipients) console.log(participantId, listening);
  await mailbox.send({ type: 'offer', to: 'bob', payload: { type: 'offer', sdp: description.sdp } });
  await mailbox.send({ type: 'hangup', callId: 'call', payload: { reason: 'user_hangup' } });
  new RTCPeerConnection({ iceServers: mailbox.iceServers });
  const call: Call = Call.invite(mailbox, { to: 'bob', peerConnection });
  call.on('state', (state) => console.log(state === 'reconnecting'));
  const connected: boolean = await call.whenConnected;
  const { reason, by }: { reason: string; by: 'local' | 'remote' | 'system' } = await call.whenEnded;
  new Mesh(mailbox, { peerConnection: () => new RTCPeerConnection() }).on('call', ({ remote }) => console.log(remote));
  console.log(connected, reason, by, off);
}`;

const MISUSE = `
import { joinRoom } from 'holdline/client';
export async function misuse(): Promise<void> {
  // @ts-expect-error: a room is needed
  const mailbox = await joinRoom({});
  // @ts-expect-error: an offer carries a description
  await mailbox.send({ type: 'offer', to: 'bob' });
  // @ts-expect-error: an answer is no offer
  await mailbox.send({ type: 'offer', payload: { type: 'answer', sdp: 'v=0' } });
  // @ts-expect-error: only the server says so
  await mailbox.send({ type: 'participant-left' });
  // @ts-expect-error: there is no such event
  mailbox.on('mesage', () => undefined);
}`;

const PAYLOADS = `
import type { Mailbox, ParticipantView, ReceivedMessage } from 'holdline/client';
export async function receive(mailbox: Mailbox, peerConnection: RTCPeerConnection): Promise<void> {
  mailbox.on('message', async (message) => {
    if (message.type === 'offer') {
      const described: { type: 'offer'; sdp: string } = message.payload;
      const sender: string = message.from;
      await peerConnection.setRemoteDescription(message.payload);
      console.log(described, sender);
    }
  });
  mailbox.on('message', async ({ type, payload, from }) => {
    if (type === 'candidate') await peerConnection.addIceCandidate(payload);
    if (type === 'hangup' || type === 'reject') console.log(from.length, payload?.reason?.length);
  });
  for await (const message of mailbox) console.log(describe(message));
  const handlers: Record<string, (message: ReceivedMessage) => void> = { 'a-type-of-a-newer-server': console.log };
  mailbox.on('message', (message) => handlers[message.type]?.(message));
}

function describe(message: ReceivedMessage): string {
  switch (message.type) {
    case 'answer': {
      const type: 'answer' | 'pranswer' = message.payload.type;
      return type;
    }
    case 'invite':
      return String(message.payload?.['video']);
    case 'custom': {
      const payload: unknown = message.payload;
      return String(payload);
    }
    case 'participant-joined': {
      const participant: ParticipantView = message.payload.participant;
      return participant.participantId;
    }
    case 'participant-left':
      return message.payload.participantId + message.payload.reason;
    case 'message-expired':
      return message.payload.messageId + message.payload.to + message.payload.type + String(message.payload.callId);
    default: {
      const type: string = message.type;
      const sender: string | undefined = message.from;
      const payload: unknown = message.payload;
      return type + String(sender) + String(payload);
    }
  }
}`;

const PAYLOAD_MISUSE = `
import type { ReceivedMessage } from 'holdline/client';
export function misuse(message: ReceivedMessage): void {
  // @ts-expect-error: unknown until the type is known
  console.log(message.payload.sdp);
  // @ts-expect-error: room events have no sender
  console.log(message.from.length);
  // @ts-expect-error: an offer has no candidate
  if (message.type === 'offer') console.log(message.payload.candidate.length);
  // @ts-expect-error: a hangup may come without a payload
  if (message.type === 'hangup') console.log(message.payload.reason);
  // @ts-expect-error: no participant is named by an invite
  if (message.type === 'invite') console.log(message.payload?.participant.participantId);
  // @ts-expect-error: what an app sends as custom is for the app to check
  if (message.type === 'custom') console.log(message.payload.text);
  // @ts-expect-error: no known type is spelled like this
  if (message.type === 'ofer') console.log(message.id);
  switch (message.type) {
    case 'offer':
    case 'answer':
      console.log(message.payload.sdp);
      break;
    default:
      // @ts-expect-error: candidates have none, and unknown types may have anything
      console.log(message.payload.sdp);
  }
}`;

describe.each(STRICTNESS)('an app that is compiled with %s', (_, options) => {
  test('fits connections of browsers and @roamhq/wrtc as they are', () => {
    expect(typeErrors({ 'peers.ts': PEERS }, options)).toEqual([]);
  });

  test('hands in fetch, timers, storage and WebSocket as they are', () => {
    expect(typeErrors({ 'platform.ts': PLATFORM, 'sockets.ts': SOCKETS }, options)).toEqual([]);
  });

  test('uses everything with its types, and is stopped where it goes wrong', () => {
    expect(typeErrors({ 'use.ts': USE, 'misuse.ts': MISUSE }, options)).toEqual([]);
  });

  test('reads payloads by the type of their message, and is stopped before it reads another', () => {
    expect(typeErrors({ 'payloads.ts': PAYLOADS, 'payload-misuse.ts': PAYLOAD_MISUSE }, options)).toEqual([]);
  });
});
