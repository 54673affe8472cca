/**
 * - `inviting`: the invite is on its way. `ringing`: it rings at the other side.
 * - `incoming`: somebody calls; `accept()` or `reject()`.
 * - `connecting`: accepted; offer, answer and candidates are exchanged. `connected`: media and data can flow.
 * - `reconnecting`: the connection was lost and is being restored. `ended`: over, for good.
 */
export type CallState = 'inviting' | 'ringing' | 'incoming' | 'connecting' | 'connected' | 'reconnecting' | 'ended';

export interface CallEnd {
  /**
   * `user_hangup`, `user_busy`, `invite_timeout`, `ice_failed`, `ice_timeout`, `user_media_failed`, `answered_elsewhere`,
   * `declined_elsewhere`, `caller_gone`, `replaced`, `unknown_call`, `unknown_error`, a text of the other side, the code of the error
   * that ended it, or why a participant is gone. docs/client.md lists them with the end reasons of CallKit.
   */
  readonly reason: string;
  /** Who ended it: this side, the other, or the circumstances. */
  readonly by: 'local' | 'remote' | 'system';
}
