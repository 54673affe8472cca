import { HoldlineError, type MailboxEnd } from '../../src/client/index.ts';

const JOINING: Readonly<Record<string, string>> = {
  network: 'The server does not answer. Are you online?',
  'room-full': 'The room is full.',
  'participant-exists': 'Another participant of this name is in the room.',
  unauthenticated: 'This server requires an access token for the room.',
  forbidden: 'This access token is not for this room.',
  'rate-limited': 'Too many attempts. Wait a minute, then join again.',
  'shutting-down': 'The server is restarting. Join again in a moment.',
};

/** The text of the join form for a failed join. @throws the error itself unless it is a `HoldlineError` */
export function joinProblem(error: unknown): string {
  if (!(error instanceof HoldlineError)) throw error;
  return JOINING[error.code] ?? `Joining failed: ${error.message}`;
}

const ENDS: Readonly<Record<MailboxEnd['reason'], string>> = {
  left: '',
  closed: '',
  'taken-over': 'This call continues in another tab or window.',
  gone: 'You were removed from the room, or were disconnected for too long.',
  failed: 'The server ended this call.',
};

/** The text of the banner after a call; empty when the user ended it. */
export const endText = ({ reason }: MailboxEnd): string => ENDS[reason];

export const LOST =
  'The server cannot be reached. Trying again; calls that are connected continue while the network allows it.';
export const OFFLINE = 'This device is offline. The call resumes when the network is back.';

/** `0.8 s`, `12 ms` */
export const duration = (ms: number): string =>
  ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** `5 s`, `0.4 s`; below a tenth of a second, `12 ms` */
export const seconds = (ms: number): string =>
  ms < 100 ? `${String(Math.round(ms))} ms` : `${String(Math.round(ms / 100) / 10)} s`;
