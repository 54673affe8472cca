import type { ParticipantList, ParticipantView, ReceivedMessage } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { fieldsOf, parseJoined, textOrNone } from './messages.ts';
import type { Session } from './session.ts';

/** The client's list of the room's participants. */
export class Roster {
  readonly #context: MailboxContext;
  /** A new array after each change. */
  participants: readonly ParticipantView[] = [];
  #askedAtMs = 0;

  constructor(context: MailboxContext) {
    this.#context = context;
  }

  /** Applies a room event; ignores other messages, and events that the last list from the server includes already. */
  apply(message: ReceivedMessage, receivedAtMs: number): void {
    const sinceMs = receivedAtMs - this.#askedAtMs;
    // Below 0 the clock was set back, so the ages cannot be compared.
    if (message.from || (sinceMs >= 0 && message.ageMs > sinceMs)) return;
    const { participantId, reason } = fieldsOf(message);
    const joined = message.type === 'participant-joined' && parseJoined(message);
    if (joined) this.#become([...without(this.participants, [joined]), joined]);
    if (message.type === 'participant-left') {
      this.#become(without(this.participants, [{ participantId }]), textOrNone(reason) ?? 'left');
    }
  }

  /**
   * Replaces the list by one that was asked for at `askedAtMs`, by the client's clock; emits events for the differences
   * only.
   */
  replace(participants: readonly ParticipantView[], askedAtMs: number): void {
    this.#askedAtMs = askedAtMs;
    this.#become(participants);
  }

  /** Asks the server for the list. @throws HoldlineError */
  async refresh(session: Session): Promise<readonly ParticipantView[]> {
    const list = { operation: 'listParticipants', path: '/participants', expects: 'participants' } as const;
    for (;;) {
      const before = this.participants;
      const askedAtMs = this.#context.now();
      const { participants } = await session.ask<ParticipantList>(list);
      // A participant joined or left meanwhile; the list may be from before or after that.
      if (before !== this.participants) continue;
      this.replace(participants, askedAtMs);
      return this.participants;
    }
  }

  /** @param reason why participants left who are no longer in the list */
  #become(participants: readonly ParticipantView[], reason = 'missed'): void {
    const before = this.participants;
    this.participants = participants;
    for (const { participantId } of without(before, participants)) {
      this.#context.emit('participant-left', { participantId, reason });
    }
    for (const participant of without(participants, before)) this.#context.emit('participant-joined', participant);
  }
}

const without = (
  all: readonly ParticipantView[],
  some: readonly { readonly participantId: unknown }[],
): readonly ParticipantView[] =>
  all.filter(({ participantId }) => some.every((one) => one.participantId !== participantId));
