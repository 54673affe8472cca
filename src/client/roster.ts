import type { ParticipantView, ReceivedMessage } from '../wire/index.ts';
import type { Env } from './env.ts';
import type { Departure } from './mailbox-events.ts';
import { fieldsOf } from './messages.ts';

/** Who is in the room, as far as we know. */
export class Roster {
  readonly #env: Env;
  /** Another array after each change. */
  participants: readonly ParticipantView[] = [];
  #askedAtMs = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Applies a room event; ignores every other message, and what the list of the server knew already. */
  apply(message: ReceivedMessage, receivedAtMs: number): void {
    const sinceMs = receivedAtMs - this.#askedAtMs;
    // Below 0 the clock was set back, and tells nothing.
    if (message.from || (sinceMs >= 0 && message.ageMs > sinceMs)) return;
    const fields = fieldsOf(message) as Partial<Departure> & { participant?: ParticipantView };
    const { participant, participantId = participant?.participantId, reason = 'left' } = fields;
    const others = without(this.participants, [{ participantId }]);
    if (message.type === 'participant-left') this.#become(others, reason);
    if (message.type === 'participant-joined' && participant) this.#become([...others, participant], reason);
  }

  /** A list from the server, asked for at that time by the client's clock; announces only what is news. */
  replace(participants: readonly ParticipantView[], askedAtMs: number): void {
    this.#askedAtMs = askedAtMs;
    this.#become(participants, 'missed');
  }

  /** @param reason why those are gone who are not there any more */
  #become(participants: readonly ParticipantView[], reason: string): void {
    const before = this.participants;
    this.participants = participants;
    for (const { participantId } of without(before, participants))
      this.#env.emit('participant-left', { participantId, reason });
    for (const participant of without(participants, before)) this.#env.emit('participant-joined', participant);
  }
}

interface Named {
  readonly participantId: string | undefined;
}

const without = (all: readonly ParticipantView[], some: readonly Named[]): readonly ParticipantView[] =>
  all.filter(({ participantId }) => some.every((one) => one.participantId !== participantId));
