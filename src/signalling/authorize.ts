import type { Credential } from './credential.ts';
import { participantGone, SignallingError } from './errors.ts';
import type { ParticipantId, RoomId } from './ids.ts';
import type { Mailbox } from './message.ts';
import type { StoredToken } from './store.ts';

/**
 * The participant of `roomId` that the credential is.
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden` (valid, but of another room or kind)
 */
export function requireParticipant(credential: Credential, roomId: RoomId): Mailbox {
  if (credential.kind === 'participant') {
    if (credential.state === 'gone' && credential.roomId === roomId) throw participantGone(credential.reason);
    if (credential.state === 'gone' || credential.state === 'replaced') throw unauthenticated();
    if (credential.roomId !== roomId) throw forbidden('This token belongs to a participant of another room.');
    const { participantId, mailboxId, takeover } = credential;
    return { roomId, participantId, mailboxId, takeover };
  }
  if (credential.kind === 'none') throw unauthenticated();
  throw forbidden(
    credential.kind === 'api-key'
      ? 'An API key joins, lists, removes and closes; it neither sends nor receives. Use the `token` of a join result.'
      : 'An access token serves to join. Use the `token` of the join result from then on.',
  );
}

/**
 * The participant `participantId` of `roomId`, which the credential must be.
 * @returns `undefined` for a token that has outlived this participant
 * @throws SignallingError `unauthenticated`, `participant-gone` (another participant), `forbidden`
 */
export function requireSelf(credential: Credential, roomId: RoomId, participantId: ParticipantId): Mailbox | undefined {
  const isSelf =
    credential.kind === 'participant' && credential.roomId === roomId && credential.participantId === participantId;
  if (isSelf && credential.state === 'gone') return undefined;
  const caller = requireParticipant(credential, roomId);
  if (!isSelf) throw forbidden('A token removes its own participant only.');
  return caller;
}

/** @throws SignallingError `unauthenticated`, `forbidden` (valid, but no API key) */
export function requireApiKey(credential: Credential): void {
  if (credential.kind === 'api-key') return;
  const isValid = credential.kind === 'access-token' || (credential.kind === 'participant' && isLive(credential.state));
  if (isValid) throw forbidden('This is for trusted servers: it needs one of the API keys.');
  throw unauthenticated('This is for trusted servers: send one of the API keys as `Authorization: Bearer <key>`.');
}

export const isLive = (state: StoredToken['state']): boolean => state === 'fresh' || state === 'used';

export const forbidden = (detail: string): SignallingError => new SignallingError('forbidden', detail);

const TOKEN_NEEDED =
  'Send the `token` of the join result as `Authorization: Bearer <token>`. ' +
  'A token that is unknown, or was replaced by a newer join, is refused.';

export const unauthenticated = (detail = TOKEN_NEEDED): SignallingError =>
  new SignallingError('unauthenticated', detail);
