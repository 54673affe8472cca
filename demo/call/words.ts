import { HoldlineError, type MailboxEnd } from '../../src/client/index.ts';

const JOINING: Readonly<Record<string, string>> = {
  network: 'The server does not answer. Are you online?',
  'room-full': 'The room is full.',
  'participant-exists': 'Somebody of this name is in the room already.',
  unauthenticated: 'This server admits only who has an access token for the room.',
  forbidden: 'This access token is not for this room.',
  'rate-limited': 'Too many tries. Wait a minute, then join again.',
  'shutting-down': 'The server is being restarted. Join again in a moment.',
};

/** Why joining did not work, for people. */
export function joinProblem(error: unknown): string {
  if (!(error instanceof HoldlineError)) throw error;
  return JOINING[error.code] ?? `Joining failed: ${error.message}`;
}

const ENDS: Readonly<Record<MailboxEnd['reason'], string>> = {
  left: '',
  closed: '',
  'taken-over': 'This call goes on in another tab or window.',
  gone: 'You were removed from the room, or were away for too long.',
  failed: 'The server refused to go on with this call.',
};

/** Why the call is over, for people. */
export const endInWords = ({ reason }: MailboxEnd): string => ENDS[reason];

export const LOST =
  'The server cannot be reached. Trying again; whoever is connected already stays connected as long as the network lets them.';
export const OFFLINE = 'This device is offline. The call goes on by itself once the network is back.';

/** `0.8 s`, `12 ms` */
export const duration = (ms: number): string =>
  ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
