import type { CandidatePayload } from '../wire/index.ts';
import type { PeerConnectionLike } from './peer-connection.ts';

/** Several interfaces, both address families and TCP make some dozens of candidates; more are not a call. */
const MAX_WAITING = 256;

/** Candidates of the other side. They may overtake the description that they belong to, and then wait for it. */
export class RemoteCandidates {
  readonly #pc: PeerConnectionLike;
  readonly #fail: (cause: unknown) => void;
  /** The remote description that was applied last. */
  #sdp: string | undefined;
  #waiting: CandidatePayload[] = [];

  /** @param fail called for a candidate that the connection refuses */
  constructor(pc: PeerConnectionLike, fail: (cause: unknown) => void) {
    this.#pc = pc;
    this.#fail = fail;
  }

  /** Never rejects: one bad candidate must stop neither the others nor the answer. */
  async add(candidate: CandidatePayload): Promise<void> {
    if (this.#sdp === undefined || !belongsTo(this.#sdp, candidate)) {
      this.#waiting = [...this.#waiting, candidate].slice(-MAX_WAITING);
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      // Some stacks refuse the end of candidates, and none depends on it.
      if (candidate.candidate) this.#fail(error);
    }
  }

  /** A remote description was applied: adds the candidates that waited for it. */
  async flush(sdp: string): Promise<void> {
    this.#sdp = sdp;
    for (const candidate of this.#waiting.splice(0)) await this.add(candidate);
  }
}

/** Whether a candidate has the ICE generation of a description (RFC 8838, section 11). */
function belongsTo(sdp: string, { candidate, usernameFragment }: CandidatePayload): boolean {
  // React Native has the fragment only inside the text.
  const ufrag = usernameFragment ?? / ufrag (\S+)/.exec(candidate)?.[1];
  return !ufrag || sdp.includes(`a=ice-ufrag:${ufrag}`);
}
