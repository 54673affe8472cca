import type { MailboxId, ParticipantId } from '../../signalling/ids.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { PollEnd } from '../../signalling/telemetry.ts';

/** A message in a reply, without what it says. */
export interface Handed {
  readonly id: string;
  readonly type: string;
  readonly position: number;
}

/** One thing that happened in a room, at a time of the wall clock. Nothing here was said by anybody: names, types, times. */
export type TraceEvent = { readonly atMs: number; readonly who: ParticipantId } & (
  | { readonly kind: 'joined'; readonly resumed: boolean }
  | { readonly kind: 'gone'; readonly reason: GoneReason; readonly unread: number }
  | { readonly kind: 'sent'; readonly id: string; readonly type: string; readonly to: readonly Addressee[] }
  | {
      readonly kind: 'poll';
      readonly mailboxId: MailboxId;
      readonly end: PollEnd;
      readonly heldMs: number | undefined;
      readonly handed: readonly Handed[];
      readonly expired: number;
    }
  | { readonly kind: 'acknowledged'; readonly mailboxId: MailboxId; readonly position: number }
  | { readonly kind: 'expired'; readonly type: string }
);

export interface Addressee {
  readonly participantId: ParticipantId;
  /** Whether a poll of it was held, or had just ended, when the message was stored. */
  readonly listening: boolean;
}
