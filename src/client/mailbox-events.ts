import type { ParticipantView, ReceivedMessage } from '../wire/index.ts';
import type { ErrorEvents } from './events.ts';
import type { Exchange } from './http.ts';
import type { HoldlineError } from './errors.ts';

/** Why the app may have missed messages. It should re-read the roster and renegotiate; `Call` does so by itself. */
export type Gap =
  /** This many messages expired, or were dropped, before they were fetched. */
  | { readonly cause: 'expired'; readonly expired: number }
  /** The server's store was restored from an older copy. */
  | { readonly cause: 'cursor-expired' }
  /** The participant had timed out and joined again; its former mailbox is gone. */
  | { readonly cause: 'rejoined' };

/**
 * `idle`: there is no listener yet, so nothing is polled. `connected`: a poll is out. `reconnecting`: polls or joining again do not get
 * through; it goes on trying by itself, and an `error` event says why if that lasts.
 */
export type MailboxState = 'idle' | 'connected' | 'reconnecting' | 'ended';

/** Why calls end before their mailbox does. */
export type EndCause = 'left' | 'page-closes';

/** Why a mailbox ended; see `HoldlineError.code`. `failed`: the server refused something that no retry mends. */
export type EndReason = 'left' | 'closed' | 'taken-over' | 'gone' | 'failed';

export interface MailboxEnd {
  readonly reason: EndReason;
  /** What pending sends are rejected with. */
  readonly error: HoldlineError;
}

export interface Departure {
  readonly participantId: string;
  /** `left`, `timeout`, `replaced`, `removed`; `missed` when it was only seen that they are no longer there. More may come. */
  readonly reason: string;
}

export interface MailboxEvents extends ErrorEvents {
  /**
   * A message for this participant, room events included, oldest first, each once. The next one comes when every listener is
   * done (promises are awaited), and only then a message is acknowledged: one that was not comes again after a reload. A listener
   * that throws has handled the message; one that never ends stops all that follow.
   *
   * Comparing `type` with a known type narrows `payload`.
   */
  message: ReceivedMessage;
  /** Somebody joined, or was found to have. */
  'participant-joined': ParticipantView;
  /** Somebody is gone. */
  'participant-left': Departure;
  /** Messages may have been missed: renegotiate. `Call` does so by itself, and `participants` is read again. */
  gap: Gap;
  state: MailboxState;
  /** @internal Everything that waits at the server has been handled. */
  'caught-up': undefined;
  /** @internal The participant leaves, or the page closes: the last moment to send something. */
  'before-end': EndCause;
  /** The last event: nothing is sent or received any more. */
  ended: MailboxEnd;
  /** One request and how it ended: for those who want to see what happens. */
  exchange: Exchange;
}
