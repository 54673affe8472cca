import { SignallingError } from '../signalling/errors.ts';
import type { ParticipantId } from '../signalling/ids.ts';
import type { OutgoingMessage } from '../signalling/message.ts';

/** What every store says in the same words. */

export const keyReused = (): SignallingError =>
  new SignallingError(
    'idempotency-key-reused',
    'This Idempotency-Key came with another body before. Use a new key for a new request.',
  );

export const participantExists = (participantId: ParticipantId): SignallingError =>
  new SignallingError(
    'participant-exists',
    `There is a participant "${participantId}" in this room. Send its token to take over, choose another participantId, or wait for its idle timeout.`,
  );

export const roomFull = (maxParticipants: number): SignallingError =>
  new SignallingError('room-full', `This room has its ${maxParticipants} participants. Try again when one has left.`);

export const recipientNotFound = (recipient: ParticipantId, messageIndex: number): SignallingError =>
  new SignallingError('recipient-not-found', `There is no participant "${recipient}" in this room now.`, {
    messageIndex,
  });

export const mailboxFull = ({ recipient }: OutgoingMessage, messageIndex: number): SignallingError =>
  new SignallingError(
    'mailbox-full',
    recipient === undefined
      ? 'The mailboxes of all other participants are full. Try again when they have read.'
      : `The mailbox of "${recipient}" is full. Try again when it has been read.`,
    { messageIndex },
  );

export const storeFull = (): SignallingError =>
  new SignallingError(
    'storage-unavailable',
    'The message store is full. Try again when messages were read or have expired.',
    { isStoreFull: true },
  );

export const unavailable = (cause: unknown): SignallingError =>
  new SignallingError('storage-unavailable', 'The message store cannot take this now. Try again.', { cause });
