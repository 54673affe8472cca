/**
 * - `inviting`: the invite is on its way. `ringing`: it rings at the other side.
 * - `incoming`: somebody calls; `accept()` or `reject()`.
 * - `connecting`: accepted; offer, answer and candidates are exchanged. `connected`: media and data can flow.
 * - `reconnecting`: the connection was lost and is being restored. `ended`: over, for good.
 */
export type CallState = 'inviting' | 'ringing' | 'incoming' | 'connecting' | 'connected' | 'reconnecting' | 'ended';

export type CallStep = 'rings' | 'accepted' | 'up' | 'down' | 'end';

const STEPS: Readonly<Record<CallState, Partial<Record<CallStep, CallState>>>> = {
  inviting: { rings: 'ringing', accepted: 'connecting', end: 'ended' },
  ringing: { accepted: 'connecting', end: 'ended' },
  incoming: { accepted: 'connecting', end: 'ended' },
  connecting: { up: 'connected', end: 'ended' },
  connected: { down: 'reconnecting', end: 'ended' },
  reconnecting: { up: 'connected', end: 'ended' },
  ended: {},
};

/** Where a step leads; `undefined` when it means nothing in that state. */
export const nextState = (state: CallState, step: CallStep): CallState | undefined => STEPS[state][step];

/** What tells the other side that it is over, by how far the call has come. */
export function farewellOf(state: CallState): 'cancel' | 'reject' | 'hangup' {
  if (state === 'inviting' || state === 'ringing') return 'cancel';
  return state === 'incoming' ? 'reject' : 'hangup';
}

export interface CallEnd {
  /**
   * `user_hangup`, `user_busy`, `invite_timeout`, `ice_failed`, `ice_timeout`, `user_media_failed`, `answered_elsewhere`,
   * `unknown_error`, a text of the other side, the code of the error that ended it, or why a participant is gone.
   */
  readonly reason: string;
  /** Who ended it: this side, the other, or the circumstances. */
  readonly by: 'local' | 'remote' | 'system';
}
