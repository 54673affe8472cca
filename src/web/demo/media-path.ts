import { duration } from './words.ts';

interface Pair {
  readonly type: 'candidate-pair';
  readonly state: string;
  readonly nominated: boolean;
  readonly localCandidateId: string;
  readonly remoteCandidateId: string;
  readonly currentRoundTripTime?: number;
}

interface CandidateStats {
  readonly candidateType: keyof typeof KINDS;
  readonly protocol: string;
  readonly relayProtocol?: string;
}

const KINDS = {
  host: 'direct',
  srflx: 'direct through a NAT',
  prflx: 'direct through a NAT',
  relay: 'over a TURN relay',
};

/** How media travels right now: `direct, UDP, 2 ms round trip`. Undefined while it does not. */
export async function mediaPath(connection: RTCPeerConnection): Promise<string | undefined> {
  const stats = [
    ...((await connection.getStats()) as ReadonlyMap<string, { readonly id: string; readonly type: string }>).values(),
  ];
  const pairs = stats.filter((entry): entry is Pair & { id: string } => entry.type === 'candidate-pair');
  const pair = pairs.find(({ state, nominated }) => state === 'succeeded' && nominated);
  if (pair === undefined) return undefined;
  const candidate = (id: string) => stats.find((entry) => entry.id === id) as CandidateStats | undefined;
  const [local, remote] = [candidate(pair.localCandidateId), candidate(pair.remoteCandidateId)];
  const relay = [local, remote].find((end) => end?.candidateType === 'relay');
  const end = relay ?? [local, remote].find((each) => each?.candidateType !== 'host') ?? local;
  const protocol = (relay?.relayProtocol ?? local?.protocol ?? '').toUpperCase();
  const roundTrip = duration((pair.currentRoundTripTime ?? 0) * 1_000);
  return `${KINDS[end?.candidateType ?? 'host']}, ${protocol}, ${roundTrip} round trip`;
}
