import type { Candidate, PeerConnectionLike } from './peer-connection.ts';

/** Several interfaces, both families and TCP make some dozens; more is not a call. */
const MAX_WAITING = 256;

/** Candidates may overtake the description that they belong to: they wait for it. */
export class RemoteCandidates {
  readonly #pc: PeerConnectionLike;
  readonly #fail: (cause: unknown) => void;
  #waiting: Candidate[] = [];
  #sdp: string | undefined;

  constructor(pc: PeerConnectionLike, fail: (cause: unknown) => void) {
    this.#pc = pc;
    this.#fail = fail;
  }

  /** Never rejects: one bad candidate must not stop the others, nor the answer. */
  async add(sent: Candidate): Promise<void> {
    const candidate = normalize(sent);
    if (!this.#isDue(candidate)) {
      if (this.#waiting.push(candidate) > MAX_WAITING) this.#waiting.shift();
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      // Not every stack knows the end of candidates, and none depends on it.
      if (candidate.candidate) this.#fail(error);
    }
  }

  /** The remote description was set. */
  async described(sdp: string): Promise<void> {
    this.#sdp = sdp;
    for (const candidate of this.#waiting.splice(0)) await this.add(candidate);
  }

  /** A candidate of another ICE generation (RFC 8838, section 11) belongs to a description still to come, or to none. */
  #isDue({ candidate, usernameFragment }: Candidate): boolean {
    if (this.#sdp === undefined) return false;
    // React Native has it only inside the text.
    const ufrag = usernameFragment ?? / ufrag (\S+)/.exec(candidate)?.[1];
    return !ufrag || this.#sdp.includes(`a=ice-ufrag:${ufrag}`);
  }
}

/**
 * Turns what other stacks send into what each `addIceCandidate` takes: a candidate of no media line is a `TypeError` in browsers, and
 * so is an absent field as `null` in others.
 */
function normalize(sent: Candidate): Candidate {
  const { candidate, sdpMid, sdpMLineIndex, ...more } = sent;
  // Licode sends {candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1}, others the attribute of RFC 8838, section 8.2.
  if (/^(a=)?end/.test(candidate)) return { candidate: '' };
  const line = sdpMLineIndex ?? -1;
  // All media are bundled on the first line, so a candidate of no line belongs there.
  const index = line < 0 && !sdpMid ? 0 : line;
  return { ...more, candidate, ...(sdpMid && { sdpMid }), ...(index >= 0 && { sdpMLineIndex: index }) };
}
