import type { ParticipantView, ReceivedMessage } from '../wire/index.ts';
import { isObject } from './http.ts';
import { fieldsOf, textOf } from './messages.ts';

export interface Departure {
  readonly participantId: string;
  /** `left`, `timeout`, `replaced`, `removed`; `missed` when it was only seen that they are no longer there. More may come. */
  readonly reason: string;
}

export interface RosterListeners {
  readonly joined: (participant: ParticipantView) => void;
  readonly left: (departure: Departure) => void;
}

/** Who is in the room, as far as we know. */
export class Roster {
  readonly #listeners: RosterListeners;
  #present: ReadonlyMap<string, ParticipantView>;

  constructor(participants: readonly ParticipantView[], listeners: RosterListeners) {
    this.#present = byId(participants);
    this.#listeners = listeners;
  }

  get participants(): readonly ParticipantView[] {
    return [...this.#present.values()];
  }

  /** Applies a room event; ignores every other message. */
  apply(message: ReceivedMessage): void {
    if (message.from !== undefined) return;
    const { participant, participantId, reason } = fieldsOf(message);
    if (message.type === 'participant-joined' && isParticipant(participant)) {
      this.#present = new Map([...this.#present, [participant.participantId, participant]]);
      this.#listeners.joined(participant);
    }
    if (message.type === 'participant-left' && typeof participantId === 'string') {
      this.#leave({ participantId, reason: textOf(reason) ?? 'left' });
    }
  }

  /** A fresh list from the server; announces only what is news. */
  replace(participants: readonly ParticipantView[]): void {
    const before = this.#present;
    const now = byId(participants);
    for (const participantId of before.keys()) {
      if (!now.has(participantId)) this.#leave({ participantId, reason: 'missed' });
    }
    this.#present = now;
    for (const participant of participants) {
      if (!before.has(participant.participantId)) this.#listeners.joined(participant);
    }
  }

  #leave(departure: Departure): void {
    this.#present = new Map([...this.#present].filter(([id]) => id !== departure.participantId));
    this.#listeners.left(departure);
  }
}

const byId = (participants: readonly ParticipantView[]): ReadonlyMap<string, ParticipantView> =>
  new Map(participants.map((participant) => [participant.participantId, participant]));

const isParticipant = (value: unknown): value is ParticipantView =>
  isObject(value) && typeof value.participantId === 'string';
