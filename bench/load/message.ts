/** A signalling message as the bench sends it. */
export interface Outgoing {
  type: 'offer' | 'answer' | 'candidate';
  payload: Payload;
}

/** A message as a receiver sees it. */
export interface Incoming extends Outgoing {
  from: string;
}

interface Payload {
  sdp?: string;
  candidate?: string;
}

/** Candidates that each side of a call sends. */
const CANDIDATES = 12;
/** A description (sequence 0) and its candidates. */
export const MESSAGES_PER_SIDE = 1 + CANDIDATES;

const SDP = longSdp(2_900);

/** About 3 KB of JSON: what a browser offers for audio, video and data. */
export function description(type: 'offer' | 'answer'): Outgoing {
  return { type, payload: { type, sdp: SDP } as Payload };
}

/** About 250 B of JSON. The foundation carries the sequence, so that a receiver reads it without an extra field. */
export function candidate(sequence: number): Outgoing {
  const text = `candidate:${sequence} 1 udp 1677729535 203.0.113.77 61665 typ srflx raddr 192.168.178.24 rport 61665`;
  const payload = {
    candidate: `${text} generation 0 ufrag EsAw network-id 1 network-cost 10`,
    sdpMid: '0',
    sdpMLineIndex: 0,
    usernameFragment: 'EsAw',
  };
  return { type: 'candidate', payload };
}

export function sequenceOf(message: Incoming): number {
  return Number.parseInt(message.payload.candidate?.slice('candidate:'.length) ?? '0', 10);
}

/** Returns the messages among the values, without the server's own events, which have no sender. */
export function incoming(values: unknown): Incoming[] {
  return Array.isArray(values) ? values.filter(isIncoming) : [];
}

function isIncoming(value: unknown): value is Incoming {
  return typeof value === 'object' && value !== null && 'from' in value && 'payload' in value;
}

function longSdp(bytes: number): string {
  const lines = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  ];
  for (let codec = 96; lines.join('\\r\\n').length < bytes; codec++) lines.push(`a=rtpmap:${codec} VP8/90000`);
  return lines.join('\r\n');
}
