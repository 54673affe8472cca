import wrtc from '@roamhq/wrtc';
import { Call, joinRoom, type PeerConnectionLike } from '../../../src/client/index.ts';
import { socket } from '../../../src/client/socket.ts';

/**
 * One side of a call, as an app on Node: the published client with its `socket()`, libwebrtc, and the environment's
 * proxy for `fetch` and `WebSocket`.
 * Prints its progress, one word per line. Arguments: service, room, own participant id and, for the caller, that of the
 * callee.
 */
const [, , baseUrl = '', roomId = '', participantId = '', callee] = process.argv;

interface Track {
  readonly kind: string;
  stop(): void;
}
interface Channel {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  send(text: string): void;
}
interface Stats {
  readonly id: string;
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  readonly localCandidateId?: string;
  readonly candidateType?: string;
  readonly relayProtocol?: string;
}
interface Connection extends PeerConnectionLike {
  ontrack: ((event: { readonly track: Track }) => void) | null;
  createDataChannel(label: string, options: { readonly negotiated: true; readonly id: number }): Channel;
  addTrack(track: Track): unknown;
  getStats(): Promise<ReadonlyMap<string, Stats>>;
}
/** The used part of the package. Its own types need those of the DOM. */
const { RTCPeerConnection, nonstandard } = wrtc as unknown as {
  RTCPeerConnection: new (configuration: object) => Connection;
  nonstandard: {
    RTCAudioSource: new () => { createTrack(): Track; onData(frame: object): void };
    RTCAudioSink: new (track: Track) => { ondata: ((frame: { readonly samples: Int16Array }) => void) | null };
  };
};

const print = (word: string): void => void process.stdout.write(`${word}\n`);

/** 10 ms of sound, in the format of libwebrtc. */
const FRAME = { sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 } as const;
const VOLUME = 8_000;

/** A tone that plays until the process ends. */
function tone(): Track {
  const source = new nonstandard.RTCAudioSource();
  const samples = Int16Array.from({ length: FRAME.numberOfFrames }, (_, at) => VOLUME * Math.sin(at / 10));
  setInterval(() => source.onData({ ...FRAME, samples }), 10);
  return source.createTrack();
}

function listenTo(track: Track): void {
  const sink = new nonstandard.RTCAudioSink(track);
  sink.ondata = ({ samples }) => {
    // libwebrtc plays silence until the first packet arrives.
    if (!samples.some((sample) => Math.abs(sample) > VOLUME / 4)) return;
    sink.ondata = null;
    print('sound');
  };
}

const mailbox = await joinRoom({ baseUrl, roomId, participantId, transports: [socket()] });
mailbox.on('transport', ({ transport }) => print(`reads by ${transport}`));

function open(): Connection {
  const connection = new RTCPeerConnection({ iceServers: mailbox.iceServers, iceTransportPolicy: 'relay' });
  const channel = connection.createDataChannel('talk', { negotiated: true, id: 0 });
  channel.onopen = () => channel.send(participantId);
  channel.onmessage = ({ data }) => print(`heard ${String(data)}`);
  connection.ontrack = ({ track }) => listenTo(track);
  connection.addTrack(tone());
  return connection;
}

async function follow(call: Call, connection: Connection): Promise<void> {
  call.on('error', (error) => print(`error ${error.message}`));
  if (await call.whenConnected) {
    const stats = await connection.getStats();
    // The pair in use is not always `succeeded`: each consent check makes it `in-progress` again (RFC 7675).
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId ?? '');
    const { candidateType, relayProtocol } = stats.get(pair?.localCandidateId ?? '') ?? {};
    print(`connected ${String(candidateType)} ${String(relayProtocol)}`);
  }
  const { reason } = await call.whenEnded;
  print(`ended ${reason}`);
  process.exit();
}

const connection = open();
if (callee === undefined) {
  Call.onInvite(mailbox, (call) => {
    call.accept(connection);
    void follow(call, connection);
  });
  print('waiting');
} else {
  void follow(Call.invite(mailbox, { to: callee, peerConnection: connection }), connection);
}
