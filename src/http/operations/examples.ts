import {
  type AckRequest,
  type Batch,
  CURSOR_EXAMPLE,
  type IceServersResult,
  type JoinRequest,
  type JoinResult,
  type ParticipantList,
  type Receipt,
  type ReceiptList,
  type RoomList,
  type SendBatchRequest,
  type SendRequest,
} from '../../wire/index.ts';

/** The examples follow one call: Alice is in the room, Bob joins, Alice sends an offer, Bob answers with candidates. */
const alice = {
  participantId: 'alice',
  displayName: 'Alice',
  metadata: { role: 'host' },
  joinedAt: '2026-11-22T09:30:00.125Z',
  listening: true,
};
const bob = { participantId: 'bob', displayName: 'Bob', joinedAt: '2026-11-22T09:30:02.500Z', listening: false };
const iceServers = [
  {
    urls: ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org:5349?transport=tcp'],
    username: '1795343402:bob',
    credential: 'pUvT0XJ6rJ4mVb1Gf2xYp6mJxkE=',
  },
];
const offer = { type: 'offer' as const, sdp: 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' };
const candidate = (foundation: number) => ({
  candidate: `candidate:${foundation} 1 udp 2122260223 192.0.2.1 54321 typ host`,
  sdpMid: '0',
  sdpMLineIndex: 0,
});

const firstId = '019aaf3c-7b1d-7c52-8e8b-3f6d1a2b4c5d';
const secondId = '019aaf3c-7c02-7d10-9a41-0c9b8e7f6a5b';
const thirdId = '019aaf3c-7c02-7d11-8f3e-2b1a0c9d8e7f';

export const joinRequest: JoinRequest = { participantId: 'bob', displayName: 'Bob', idleTimeoutSeconds: 60 };

export const joined: JoinResult = {
  roomId: 'blue-door-4821',
  participantId: 'bob',
  token: 'nytjZ-9sRRZE._8Du11xU3vHJx-AO0S250Cv__zCHwsX3',
  cursor: 'JaXhQ2tj78kh.0',
  resumed: false,
  participants: [alice, bob],
  iceServers,
  limits: {
    defaultWaitSeconds: 25,
    maxWaitSeconds: 50,
    maxSendBatch: 32,
    maxReceiveBatch: 100,
    maxMessageBytes: 65_536,
    maxMailboxMessages: 512,
    defaultTtlSeconds: 120,
    maxTtlSeconds: 86_400,
    idleTimeoutSeconds: 60,
  },
};

export const roster: ParticipantList = { participants: [alice, bob] };

export const sendRequest: SendRequest = { to: 'bob', type: 'offer', payload: offer, callId: 'call-1', ttlSeconds: 30 };

export const receipt: Receipt = {
  id: firstId,
  sentAt: '2026-11-22T09:30:04.010Z',
  recipients: [{ participantId: 'bob', listening: true }],
};

export const sendBatchRequest: SendBatchRequest = {
  messages: [
    { to: 'alice', type: 'candidate', payload: candidate(1), callId: 'call-1' },
    { to: 'alice', type: 'candidate', payload: candidate(2), callId: 'call-1' },
  ],
};

export const receipts: ReceiptList = {
  receipts: [secondId, thirdId].map((id) => ({
    id,
    sentAt: '2026-11-22T09:30:04.250Z',
    recipients: [{ participantId: 'alice', listening: true }],
  })),
};

export const batch: Batch = {
  messages: [
    {
      id: firstId,
      from: 'alice',
      to: 'bob',
      type: 'offer',
      payload: offer,
      callId: 'call-1',
      sentAt: '2026-11-22T09:30:04.010Z',
      ageMs: 3,
    },
  ],
  cursor: CURSOR_EXAMPLE,
  more: false,
  expired: 0,
};

export const pollRequest = { after: 'JaXhQ2tj78kh.0', wait: 25, limit: 64 };
export const ackRequest: AckRequest = { cursor: CURSOR_EXAMPLE };
export const iceServersResult: IceServersResult = { iceServers, ttlSeconds: 3_600 };

export const roomPage: RoomList = {
  rooms: [{ roomId: 'blue-door-4821', participants: 2, createdAt: alice.joinedAt }],
  next: 'blue-door-4821',
};
