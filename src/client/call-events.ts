import type { ErrorEvents } from './events.ts';

/**
 * - `inviting`: the invite is on its way. `ringing`: it rings at the other side.
 * - `incoming`: another participant calls; `accept()` or `reject()`.
 * - `connecting`: accepted; offer, answer and candidates are exchanged. `connected`: media and data can flow.
 * - `reconnecting`: the connection was lost and is being restored. `ended`: over, for good.
 */
export type CallState = 'inviting' | 'ringing' | 'incoming' | 'connecting' | 'connected' | 'reconnecting' | 'ended';

export interface CallEnd {
  /**
   * `user_hangup`, `user_busy`, `invite_timeout`, `ice_failed`, `ice_timeout`, `user_media_failed`,
   * `answered_elsewhere`, `declined_elsewhere`, `caller_gone`, `replaced`, `unknown_call`, `unknown_error`, a text of
   * the other side, the code of the error that ended it, or the reason why a participant left. docs/client.md lists
   * them with the end reasons of CallKit.
   */
  readonly reason: string;
  /** The origin of the end: this side, the other side, or a failure or time-out. */
  readonly by: 'local' | 'remote' | 'system';
}

export interface CallEvents extends ErrorEvents {
  state: CallState;
  /** The last event. */
  ended: CallEnd;
}
