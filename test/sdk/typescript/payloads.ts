import type * as heyApi from '../generated/hey-api/index.js';
import type { components } from '../generated/openapi-fetch/schema.ts';
import type * as typescriptFetch from '../generated/typescript-fetch/index.ts';

/* Compiled and never run: clients have types for the payloads, and these fit WebRTC. oazapfts writes no type that no operation uses. */

type Schemas = components['schemas'];

/** Received payloads go to the peer connection as they are. */
export async function apply(
  pc: RTCPeerConnection,
  offer: heyApi.OfferPayload & Schemas['OfferPayload'],
  answer: heyApi.AnswerPayload | Schemas['AnswerPayload'],
  candidate: heyApi.CandidatePayload | Schemas['CandidatePayload'] | typescriptFetch.CandidatePayload,
): Promise<void> {
  await pc.setRemoteDescription(offer);
  await pc.setRemoteDescription(answer);
  await pc.addIceCandidate(candidate);
}

/** What a browser makes is sent as it is. */
export function candidateOf(made: RTCIceCandidateInit & { candidate: string }): heyApi.CandidatePayload {
  const same: Schemas['CandidatePayload'] & typescriptFetch.CandidatePayload = made;
  return same;
}

type EndOfCall = heyApi.CallEndPayload | Schemas['CallEndPayload'] | typescriptFetch.CallEndPayload;
type Left = heyApi.ParticipantLeftPayload | Schemas['ParticipantLeftPayload'] | typescriptFetch.ParticipantLeftPayload;
type Joined =
  heyApi.ParticipantJoinedPayload | Schemas['ParticipantJoinedPayload'] | typescriptFetch.ParticipantJoinedPayload;
type Expired = heyApi.MessageExpiredPayload | Schemas['MessageExpiredPayload'] | typescriptFetch.MessageExpiredPayload;

export const reasonOf = ({ reason }: EndOfCall): string | undefined => reason;
export const whoLeft = ({ participantId, reason }: Left): readonly string[] => [participantId, reason];
export const whoJoined = ({ participant }: Joined): string => participant.participantId;
export const whatExpired = ({ messageId, to, type, callId = '' }: Expired): readonly string[] => [
  messageId,
  to,
  type,
  callId,
];
