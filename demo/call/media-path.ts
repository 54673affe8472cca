import { duration } from './words.ts';

interface Transport {
  readonly id: string;
  readonly type: 'transport';
  readonly selectedCandidatePairId?: string;
}

interface Pair {
  readonly id: string;
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

/** The selected candidate pair as text: `direct, UDP, 2 ms round trip`. Undefined without a connection. */
export async function mediaPath(connection: RTCPeerConnection): Promise<string | undefined> {
  const stats = [
    ...((await connection.getStats()) as ReadonlyMap<string, { readonly id: string; readonly type: string }>).values(),
  ];
  const pair = pairInUse(stats);
  if (pair === undefined) return undefined;
  const candidate = (id: string) => stats.find((entry) => entry.id === id) as CandidateStats | undefined;
  const [local, remote] = [candidate(pair.localCandidateId), candidate(pair.remoteCandidateId)];
  const relay = [local, remote].find((end) => end?.candidateType === 'relay');
  const end = relay ?? [local, remote].find((each) => each?.candidateType !== 'host') ?? local;
  const protocol = (relay?.relayProtocol ?? local?.protocol ?? '').toUpperCase();
  const roundTrip = duration((pair.currentRoundTripTime ?? 0) * 1_000);
  return `${KINDS[end?.candidateType ?? 'host']}, ${protocol}, ${roundTrip} round trip`;
}

/**
 * Finds the pair that the transport has selected. Its state is no criterion: every consent check (RFC 7675) makes it
 * `in-progress`. Firefox does not report `selectedCandidatePairId`; there it is the nominated pair that succeeded.
 */
function pairInUse(stats: readonly { readonly id: string; readonly type: string }[]): Pair | undefined {
  const transport = stats.find((entry): entry is Transport => entry.type === 'transport');
  const pairs = stats.filter((entry): entry is Pair => entry.type === 'candidate-pair');
  const selected = transport?.selectedCandidatePairId;
  return pairs.find(({ id, state, nominated }) =>
    selected === undefined ? nominated && state === 'succeeded' : id === selected,
  );
}
