import type { JsonText, ParticipantId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { Draft } from '../../signalling/signalling.ts';
import { pointerOf, type SendRequest } from '../../wire/index.ts';
import { memberSource } from '../json-source.ts';
import { invalidRequest } from '../request-problem.ts';

/** The message with its payload as it stands in `source`, its JSON; nobody parses or writes it again on its way. */
export function draftOf(message: SendRequest, source: string, defaultTtlSeconds: number): Draft {
  const { to, type, callId, ttlSeconds = defaultTtlSeconds } = message;
  const payload = memberSource(source, 'payload') as JsonText | undefined;
  return { to: to as ParticipantId | undefined, type, payload, callId, lifetimeMs: ttlSeconds * 1_000 };
}

/** @throws RequestProblem that names every message addressed to its own sender */
export function refuseToSelf(
  sender: Mailbox,
  messages: readonly { message: SendRequest; path: readonly PropertyKey[] }[],
): void {
  const faults = messages
    .filter(({ message }) => message.to === sender.participantId)
    .map(({ path }) => ({
      pointer: pointerOf([...path, 'to'], 'body'),
      detail: 'must be another participant, not the sender',
    }));
  if (faults.length > 0) throw invalidRequest(faults);
}
