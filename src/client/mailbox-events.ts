import type { ParticipantView, ReceivedMessage } from '../wire/index.ts';
import type { ErrorEvents } from './events.ts';
import type { Exchange } from './http.ts';
import type { HoldlineError } from './errors.ts';
import type { TransportChange } from './transport.ts';

/** Why the app may have missed messages. It should re-read the roster and renegotiate; `Call` does so by itself. */
export type Gap =
  /** This many messages expired, or were dropped, before they were fetched. */
  | { readonly cause: 'expired'; readonly expired: number }
  /** The server's store was restored from an older copy. */
  | { readonly cause: 'cursor-expired' }
  /** The participant had timed out and joined again; its former mailbox is gone. */
  | { readonly cause: 'rejoined' };

/**
 * `idle`: there is no listener for `message` yet, so the client does not poll. `connected`: a poll is under way.
 * `reconnecting`: polls or rejoins fail; the client keeps trying, and an `error` event gives the reason if that lasts.
 */
export type MailboxState = 'idle' | 'connected' | 'reconnecting' | 'ended';

/** Why calls end before their mailbox does. */
export type EndCause = 'left' | 'page-closes';

/** Why a mailbox ended; see `HoldlineError.code`. `failed`: the server refused a request, and no retry can help. */
export type EndReason = 'left' | 'closed' | 'taken-over' | 'gone' | 'failed';

export interface MailboxEnd {
  readonly reason: EndReason;
  /** Pending sends reject with it. */
  readonly error: HoldlineError;
}

export interface Departure {
  readonly participantId: string;
  /**
   * `left`, `timeout`, `replaced`, `removed`; `missed` when the client saw their absence only. Newer servers may have
   * more.
   */
  readonly reason: string;
}

export interface MailboxEvents extends ErrorEvents {
  /**
   * A message for this participant, room events included, oldest first, each once. The next message comes when every
   * listener is done (promises are awaited). Only then is a message acknowledged; after a reload, unacknowledged
   * messages are delivered again. A listener that throws has handled the message; one whose promise never settles
   * blocks all later messages.
   *
   * Comparing `type` with a known type narrows `payload`.
   */
  message: ReceivedMessage;
  /** A participant joined, or was found to have joined. */
  'participant-joined': ParticipantView;
  /** A participant left. */
  'participant-left': Departure;
  /** Messages may have been missed: renegotiate. `Call` does so by itself, and the client updates `participants`. */
  gap: Gap;
  state: MailboxState;
  /** The mailbox is read in another way from now on: only with the option `transports`. */
  transport: TransportChange;
  /** @internal Every message that waited at the server has been handled. */
  'caught-up': undefined;
  /** @internal The participant leaves, or the page closes: the last moment to send a message. */
  'before-end': EndCause;
  /** The last event: the mailbox sends and receives no more messages. */
  ended: MailboxEnd;
  /** One request and how it ended, for diagnosis. */
  exchange: Exchange;
}
