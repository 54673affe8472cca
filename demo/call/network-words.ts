import type { LastingFault, Outage } from './bad-network.ts';
import { seconds } from './words.ts';

export const SWITCHED: Readonly<Record<LastingFault, readonly [on: string, off: string]>> = {
  'cut-polls': ['The network now cuts every poll after 5 s, as some proxies do.', 'The network cuts no more polls.'],
  'lose-answers': [
    'The network now loses every third answer. Requests still reach the server.',
    'The network loses no more answers.',
  ],
  'block-sockets': ['WebSockets are blocked: an open one is cut, and a new one fails.', 'WebSockets may open again.'],
};

export const BEGAN: Readonly<Record<Outage, string>> = {
  'captive-portal': 'A captive portal answers every request with its login page for 5 s.',
  offline: 'Offline for 10 s, as in flight mode: every request fails.',
};

export const ENDED: Readonly<Record<Outage, string>> = {
  'captive-portal': 'The login page is gone.',
  offline: 'Online again.',
};

/** Why the client has left its socket. The server may give other reasons. */
export const LEFT: Readonly<Record<string, string>> = {
  closed: 'The socket closed',
  silent: 'The socket fell silent',
  online: 'The device came online, so the client gave its socket up',
  wake: 'The page woke up, so the client gave its socket up',
  hidden: 'The page was hidden, so the client gave its socket up',
  rejoined: 'The client joined again, and gave its socket up',
};

/** Cuts whose ages differ by less than this share have one cause. */
const SAME_AGE_SHARE = 0.2;

export interface CutPoll {
  readonly ageMs: number;
  /** Whether only its answer was lost. */
  readonly isLost: boolean;
}

export const messagesOf = (count: number): string => (count === 1 ? '1 message' : `${String(count)} messages`);

/** What has taught the client a shorter window. */
export function causeOf(cuts: readonly CutPoll[]): string {
  const [lastMs = 0, firstMs = lastMs] = cuts.map(({ ageMs }) => ageMs).toReversed();
  const verb = cuts.some(({ isLost }) => isLost) ? 'got no answer' : 'were cut';
  const isSame = Math.abs(firstMs - lastMs) < SAME_AGE_SHARE * lastMs;
  return isSame
    ? `Two polls ${verb} at ${seconds(lastMs)}`
    : `Polls ${verb} after ${seconds(firstMs)} and ${seconds(lastMs)}`;
}
