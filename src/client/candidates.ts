import type { Candidate } from './peer-connection.ts';

/**
 * A candidate as every stack takes it, with the fields of `RTCIceCandidateInit` alone: some carry more, some have no `toJSON`. One of
 * no media line is a `TypeError` in browsers, and so is an absent field as `null` in others. No candidate: the end of them.
 */
export function normalize(given: Candidate | null): Candidate {
  const { candidate = 'end', sdpMid, sdpMLineIndex, usernameFragment }: Partial<Candidate> = given ?? {};
  // Licode sends {candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1}, others the attribute of RFC 8838, section 8.2.
  if (/^(a=)?end/.test(candidate)) return { candidate: '' };
  const line = sdpMLineIndex ?? -1;
  // All media are bundled on the first line, so a candidate of no line belongs there.
  const index = line < 0 && !sdpMid ? 0 : line;
  return {
    candidate,
    ...(sdpMid && { sdpMid }),
    ...(index >= 0 && { sdpMLineIndex: index }),
    ...(usernameFragment && { usernameFragment }),
  };
}

/** Whether it belongs to a description: one of another ICE generation (RFC 8838, section 11) does not. */
export function belongsTo(sdp: string, { candidate, usernameFragment }: Candidate): boolean {
  // React Native has it only inside the text.
  const ufrag = usernameFragment ?? / ufrag (\S+)/.exec(candidate)?.[1];
  return !ufrag || sdp.includes(`a=ice-ufrag:${ufrag}`);
}
