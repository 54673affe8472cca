import type { ParticipantView, ReceivedMessage } from '../wire/index.ts';
import { fieldsOf } from './messages.ts';

export interface Departure {
  readonly participantId: string;
  /** `left`, `timeout`, `replaced`, `removed`; `missed` when it was only seen that they are no longer there. More may come. */
  readonly reason: string;
}

type Joined = (participant: ParticipantView) => void;
type Left = (departure: Departure) => void;

/** Who is in the room, as far as we know. */
export class Roster {
  readonly #joined: Joined;
  readonly #left: Left;
  readonly #present = new Map<string, ParticipantView>();

  constructor(participants: readonly ParticipantView[], joined: Joined, left: Left) {
    for (const participant of participants) this.#present.set(participant.participantId, participant);
    this.#joined = joined;
    this.#left = left;
  }

  get participants(): readonly ParticipantView[] {
    return [...this.#present.values()];
  }

  /** Applies a room event; ignores every other message. */
  apply(message: ReceivedMessage): void {
    if (message.from) return;
    const { participant, participantId, reason } = fieldsOf(message) as Partial<Departure> & {
      participant?: ParticipantView;
    };
    if (message.type === 'participant-joined' && participant) this.#add(participant);
    if (message.type === 'participant-left' && participantId) this.#remove(participantId, reason ?? 'left');
  }

  /** A fresh list from the server; announces only what is news. */
  replace(participants: readonly ParticipantView[]): void {
    const ids = new Set(participants.map(({ participantId }) => participantId));
    for (const id of [...this.#present.keys()]) if (!ids.has(id)) this.#remove(id, 'missed');
    participants.forEach((participant) => this.#add(participant));
  }

  #add(participant: ParticipantView): void {
    const isNew = !this.#present.has(participant.participantId);
    this.#present.set(participant.participantId, participant);
    if (isNew) this.#joined(participant);
  }

  #remove(participantId: string, reason: string): void {
    if (this.#present.delete(participantId)) this.#left({ participantId, reason });
  }
}
