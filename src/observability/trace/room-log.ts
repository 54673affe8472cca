import type { GoneReason, Mailbox, OutgoingMessage, Receipt } from '../../signalling/message.ts';
import type { EndedPoll, EndedReading, SentBatch, Telemetry } from '../../signalling/telemetry.ts';

interface DebugLog {
  debug(fields: object, text: string): void;
}

/** Logs what happens in rooms as debug lines, without payloads. Used with `LOG_LEVEL=debug` only. */
export class RoomLog implements Telemetry {
  readonly #log: DebugLog;

  constructor(log: DebugLog) {
    this.#log = log;
  }

  joined(mailbox: Mailbox, resumed: boolean): void {
    this.#write(mailbox, { resumed }, 'joined');
  }

  departed(mailbox: Mailbox, reason: GoneReason, unread: number): void {
    this.#write(mailbox, { reason, unread }, 'gone');
  }

  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void {
    messages.forEach(({ id, type }, index) => {
      const to = receipts[index]?.recipients.map(({ participantId }) => participantId) ?? [];
      this.#write(sender, { messageId: id, type, to }, 'sent');
    });
  }

  pollHeld(mailbox: Mailbox): void {
    this.#write(mailbox, {}, 'poll held');
  }

  pollEnded(mailbox: Mailbox, { end, heldMs, messages, expired }: EndedPoll): void {
    this.#write(mailbox, { end, heldMs, messages: messages.map(({ type }) => type), expired }, 'poll ended');
  }

  batchSent(mailbox: Mailbox, { messages, expired }: SentBatch): void {
    this.#write(mailbox, { messages: messages.map(({ type }) => type), expired }, 'batch sent');
  }

  readingEnded(mailbox: Mailbox, { end, readMs }: EndedReading): void {
    this.#write(mailbox, { end, readMs }, 'reading ended');
  }

  acknowledged(mailbox: Mailbox, position: number): void {
    this.#write(mailbox, { position }, 'acknowledged');
  }

  expired(mailbox: Mailbox, position: number): void {
    this.#write(mailbox, { position }, 'message expired');
  }

  committed(): void {
    // A commit belongs to no single room.
  }

  #write({ roomId, participantId }: Mailbox, fields: object, text: string): void {
    this.#log.debug({ roomId, participantId, ...fields }, text);
  }
}
